mod types;

use super::table::Table;
use super::*;
use crate::kit::distributions::DISTRIBUTIONS;
use crate::kit::{distribution, image, map, read, show, step, texts, value};
use crate::value::Value;

const ROOT: &str = "22222222-0000-4000-8000-000000000002";
const SWAP: &str = "22222222-0000-4000-8000-000000000003";

/// Returns the file after two runs, of which the second changes nothing, and the warnings.
fn after(before: Option<&str>, fstab: Value) -> (String, Vec<String>) {
    let files: Vec<_> = before.map(|text| (FILE, text)).into_iter().collect();
    let mut tree = image(&files);
    let recipe = map([("fstab", fstab)]);
    let first = step(&mut tree, "fstab", &recipe).unwrap();
    assert_eq!(step(&mut tree, "fstab", &recipe).unwrap().changes, []);
    (read(&tree, FILE), texts(&first.warnings))
}

#[test]
fn new_lines() {
    for (fstab, want) in [
        (
            value!({}),
            format!(
                "UUID={ROOT}\t/\text4\tdefaults\t0\t1\n\
                 UUID=1A2B-3C4D\t/boot/efi\tvfat\tumask=0077\t0\t2\n\
                 UUID={SWAP}\tnone\tswap\tdefaults\t0\t0\n"
            ),
        ),
        (
            value!({"by": "partuuid", "mounts": [
                {"mount": "/boot/efi", "options": "noauto"},
                {"mount": "/a b", "device": "tmpfs", "type": "tmpfs"},
                {"mount": "none", "device": "/swap file", "type": "swap"},
            ]}),
            "PARTUUID=11111111-0000-4000-8000-000000000002\t/\text4\tdefaults\t0\t1\n\
             tmpfs\t/a\\040b\ttmpfs\tdefaults\t0\t0\n\
             PARTUUID=11111111-0000-4000-8000-000000000001\t/boot/efi\tvfat\tnoauto\t0\t2\n\
             PARTUUID=11111111-0000-4000-8000-000000000003\tnone\tswap\tdefaults\t0\t0\n\
             /swap\\040file\tnone\tswap\tdefaults\t0\t0\n"
                .to_owned(),
        ),
    ] {
        for before in [
            None,
            Some(""),
            Some("# comment"),
            Some("proc /proc proc defaults 0 0\n"),
        ] {
            let kept = match before {
                Some("# comment") => "# comment\n",
                other => other.unwrap_or_default(),
            };
            let (text, warnings) = after(before, fstab.clone());
            assert_eq!(text, format!("{kept}{want}"));
            assert_eq!(warnings, [""; 0]);
        }
    }
}

#[test]
fn lines_that_are_there() {
    let others = format!(
        "UUID=1A2B-3C4D\t/boot/efi\tvfat\tumask=0077\t0\t2\nUUID={SWAP}\tnone\tswap\tdefaults\t0\t0\n"
    );
    let new_root = format!("UUID={ROOT}\t/\text4\tdefaults\t0\t1\n");
    for (before, want, warned) in [
        // Blanks, options and the last words stay.
        (
            "# /\n/dev/sda1  /   ext3\tnoatime,x  0 0 \n\n# end\n".to_owned(),
            format!("# /\nUUID={ROOT}  /   ext4\tnoatime  0 0 \n\n# end\n{others}"),
            1,
        ),
        // Options of another type would not let it be mounted.
        (
            "UUID=a / btrfs subvol=root,noatime,x-a=b,compress=zstd:1 0 0\n\
             UUID=b /boot/efi auto data=journal 0 2\n"
                .to_owned(),
            format!(
                "UUID={ROOT} / ext4 noatime,x-a=b 0 1\n\
                 UUID=1A2B-3C4D /boot/efi vfat umask=0077 0 2\n\
                 UUID={SWAP}\tnone\tswap\tdefaults\t0\t0\n"
            ),
            2,
        ),
        (
            "LABEL=x / xfs\n".to_owned(),
            format!("UUID={ROOT} / ext4\tdefaults\t0\t1\n{others}"),
            0,
        ),
        (
            "LABEL=x /".to_owned(),
            format!("UUID={ROOT} /\text4\tdefaults\n{others}"),
            0,
        ),
        // However it is written, it is the same place.
        (
            "LABEL=x /boot//efi/ auto ro 0 0\n".to_owned(),
            format!(
                "UUID=1A2B-3C4D /boot//efi/ vfat ro,umask=0077 0 0\n{new_root}\
                 UUID={SWAP}\tnone\tswap\tdefaults\t0\t0\n"
            ),
            0,
        ),
        // A swap file is nobody's partition.
        (
            "/swapfile none swap sw 0 0\nUUID=old swap swap sw,pri=5 0 0\n".to_owned(),
            format!(
                "/swapfile none swap sw 0 0\nUUID={SWAP} swap swap sw,pri=5 0 0\n{new_root}\
                 UUID=1A2B-3C4D\t/boot/efi\tvfat\tumask=0077\t0\t2\n"
            ),
            0,
        ),
        // What another machine had.
        (
            "UUID=1 /data ext4 defaults 0 2\nUUID=2 /opt ext4 nofail 0 2\nnas:/x /n nfs rw 0 0\n"
                .to_owned(),
            format!(
                "UUID=1 /data ext4 defaults 0 2\nUUID=2 /opt ext4 nofail 0 2\nnas:/x /n nfs rw 0 0\n{new_root}{others}"
            ),
            1,
        ),
        (
            "\u{fc} /x auto noauto 0 0\n".to_owned(),
            format!("\u{fc} /x auto noauto 0 0\n{new_root}{others}"),
            0,
        ),
    ] {
        let (text, warnings) = after(Some(&before), value!({}));
        assert_eq!(text, want, "{before:?}");
        assert_eq!(warnings.len(), warned, "{warnings:?}");
    }
    // Swap that is not on this disk is somebody else's, but for one partition that the image had.
    let (text, _) = after(
        Some(
            "/dev/zram0 none swap pri=100 0 0\n/dev/sda2 none swap sw 0 0\n/dev/sdb1 none swap x 0 0\n",
        ),
        value!({"mounts": [
            {"mount": "none", "device": "/swap", "options": "pri=10"},
            {"mount": "none", "device": "/dev/sdb1"},
        ]}),
    );
    assert_eq!(
        text,
        format!(
            "/dev/zram0 none swap pri=100 0 0\nUUID={SWAP} none swap sw 0 0\n\
             /dev/sdb1 none swap x 0 0\n{new_root}\
             UUID=1A2B-3C4D\t/boot/efi\tvfat\tumask=0077\t0\t2\n\
             /swap\tnone\tswap\tpri=10\t0\t0\n"
        )
    );
    let far =
        value!({"mounts": [{"mount": "/ü", "device": "ü", "options": "x-note=€Ċü", "type": "é"}]});
    let (text, _) = after(None, far);
    assert!(text.contains("ü\t/ü\té\tx-note=€Ċü\t0\t0\n"), "{text}");
    // A line comes before those that are mounted below it.
    let (text, _) = after(
        Some("tmpfs /var/log tmpfs noatime 0 0\n"),
        value!({"mounts": [{"mount": "/var", "device": "tmpfs", "type": "tmpfs"}]}),
    );
    let both = "tmpfs\t/var\ttmpfs\tdefaults\t0\t0\ntmpfs /var/log tmpfs noatime 0 0\n";
    assert!(text.starts_with(both), "{text}");
    // What `growfs` has put there stays.
    let (text, _) = after(
        Some("LABEL=x / ext4 errors=remount-ro,x-systemd.growfs 0 1\n"),
        value!({"mounts": [{"mount": "/", "options": "noatime"}]}),
    );
    let line = format!("UUID={ROOT} / ext4 noatime,x-systemd.growfs 0 1\n");
    assert!(text.starts_with(&line), "{text}");
    let slash = value!({"mounts": [{"mount": "/boot/efi/", "options": "ro"}]});
    let (text, _) = after(None, slash);
    let efi = "UUID=1A2B-3C4D\t/boot/efi\tvfat\tro\t0\t2\n";
    assert!(text.contains(efi), "{text}");
    let unknown = value!({"mounts": [
        {"mount": "/x//y/", "device": "nas:/x", "type": "nsf"},
        {"mount": "/z", "device": "nas:/z", "type": "nfs"},
    ]});
    let (text, warnings) = after(None, unknown);
    assert!(text.contains("nas:/x\t/x/y\tnsf\t"), "{text}");
    assert_eq!(
        warnings,
        [
            "Linux has no filesystem \"nsf\", and the image no mount.nsf or module for it; did you \
             mean nfs?"
        ]
    );
    let options = value!({"mounts": [{"mount": "/", "options": "ro"}]});
    let (text, _) = after(Some("UUID=x / ext4 rw 0 1\n"), options);
    assert_eq!(text, format!("UUID={ROOT} / ext4 ro 0 1\n{others}"));
}

#[test]
fn files_are_mounted_on_files() {
    for (mount, device, made) in [
        ("/etc/passwd", "/root/passwd", None),
        ("/run/x", "/root/passwd", Some("0644 0:0 /run/x")),
        ("/run/x", "/root", Some("0755 0:0 /run/x")),
    ] {
        let mut tree = image(&[("/etc/passwd", "a"), ("/root/passwd", "b")]);
        let mount = value!({"mount": mount, "device": device, "type": "none", "options": "bind"});
        let recipe = map([("fstab", map([("mounts", vec![mount].into())]))]);
        step(&mut tree, "fstab", &recipe).unwrap();
        assert_eq!(step(&mut tree, "fstab", &recipe).unwrap().changes, []);
        assert_eq!(read(&tree, "/etc/passwd"), "a");
        let line = made.map(|line| vec![line.to_owned()]);
        assert_eq!(line.as_ref().map(|_| show(&mut tree, "/run/x")), line);
    }
    // The line that is there may say so alone.
    let line = "/etc/old /run/x none bind 0 0\n";
    let mut tree = image(&[(FILE, line), ("/root/passwd", "b")]);
    let mount = value!({"mount": "/run/x", "device": "/root/passwd"});
    let recipe = map([("fstab", map([("mounts", vec![mount].into())]))]);
    step(&mut tree, "fstab", &recipe).unwrap();
    assert_eq!(show(&mut tree, "/run/x"), ["0644 0:0 /run/x"]);
}

#[test]
fn any_bytes_are_kept() {
    let bytes = b"\xff\xfe /x\n\0";
    assert_eq!(Table::parse(bytes).print(), bytes);
}

#[test]
fn every_distribution_gets_the_same_lines() {
    for (name, _) in DISTRIBUTIONS {
        let mut tree = distribution(name);
        step(&mut tree, "fstab", &value!({})).unwrap();
        let text = read(&tree, FILE);
        assert!(
            text.contains(&format!("UUID={ROOT}\t/\text4\tdefaults\t0\t1\n")),
            "{name}: {text}"
        );
    }
}

#[test]
fn refusals() {
    for (fstab, message) in [
        (value!({"by": "name"}), "unknown value `name`"),
        (
            value!({"by": "label"}),
            "partition 1 (/boot/efi) has no LABEL to be found by",
        ),
        (
            value!({"mounts": [{"mount": "boot", "options": "ro"}]}),
            "\"boot\" is no mount point",
        ),
        (value!({"mounts": [{"mount": "/"}]}), "nothing is said of /"),
        (
            value!({"mounts": [{"mount": "/boot", "options": "ro"}]}),
            "no partition of the image is mounted at /boot",
        ),
        (
            value!({"mounts": [{"mount": "/", "options": "ro"}, {"mount": "/", "options": "rw"}]}),
            "/ is listed twice",
        ),
        (
            value!({"mounts": [
                {"mount": "/boot/efi", "options": "ro"}, {"mount": "/boot//efi/", "options": "rw"},
            ]}),
            "/boot//efi/ is listed twice",
        ),
        (
            value!({"mounts": [{"mount": "/boot/efi/", "device": "tmpfs"}]}),
            "/boot/efi is the mount point of partition 1",
        ),
        (
            value!({"mounts": [{"mount": "/a/../b", "device": "tmpfs"}]}),
            "\"/a/../b\" is no mount point",
        ),
        (
            value!({"mounts": [{"mount": "/", "options": "ro, x"}]}),
            "\"ro, x\" is not one word",
        ),
        (
            value!({"mounts": [{"mount": "/", "type": "xfs"}]}),
            "a partition's filesystem is its own",
        ),
        (
            value!({"mounts": [{"mount": "/x", "device": "a\nb"}]}),
            "\"a\\nb\" cannot be in fstab",
        ),
        (
            value!({"mounts": [{"mount": "/", "options": ","}]}),
            "\",\" has an option without a name",
        ),
        (
            value!({"mounts": [{"mount": "/", "options": "ro,,x"}]}),
            "\"ro,,x\" has an option without a name",
        ),
        (
            value!({"mounts": [{"mount": "/", "options": "context=\"a,b"}]}),
            "\"context=\\\"a,b\" has a quote that is not closed",
        ),
        (
            value!({"mounts": [{"mount": "/x", "device": "UUID="}]}),
            "\"UUID=\" names no device",
        ),
        (
            value!({"mounts": [
                {"mount": "none", "device": "/s"}, {"mount": "none", "device": "/s"},
            ]}),
            "the swap /s is listed twice",
        ),
        (
            value!({"mounts": [{"mount": "none", "device": "/s", "type": "ext4"}]}),
            "what is mounted nowhere is swap",
        ),
        (
            value!({"mounts": [{"mount": "/x", "device": "/s", "type": "swap"}]}),
            "swap is not mounted at /x",
        ),
        (
            value!({"mounts": [{"mount": "/file/x", "device": "tmpfs"}]}),
            "/file/x: /file is not a directory",
        ),
        (
            value!({"mounts": [{"mount": "/file", "device": "tmpfs", "type": "tmpfs"}]}),
            "/file is a file, not a directory",
        ),
        (
            value!({"mounts": [{"mount": "/", "device": "tmpfs"}]}),
            "/ is the mount point of partition 2",
        ),
    ] {
        let recipe = map([("fstab", fstab)]);
        let error = step(&mut image(&[("/file", "")]), "fstab", &recipe).unwrap_err();
        assert_eq!(error.to_string(), message);
        // It is told at its place.
        assert!(matches!(error, Error::Option(_)), "{message}");
    }
}
