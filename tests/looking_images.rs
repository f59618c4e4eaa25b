//! Looking into disk images, beside what debugfs and mtools see there and what they were made from.

use std::fs;
use std::path::Path;

use super::kit::{self, Work};

fn fixture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    path.display().to_string()
}

/// Returns what debugfs prints for a request.
fn debugfs(work: &Work, image: &str, request: &str) -> String {
    let mut debugfs = kit::tool("debugfs");
    kit::succeed(
        debugfs
            .args(["-R", request, image])
            .current_dir(work.path()),
    )
}

#[test]
fn all_formats_show_what_they_were_made_from() {
    let work = Work::new("looking-images");
    let tar = fixture();
    work.write("build.yaml", "size: auto\ntable: none\n");
    let images = [
        "x.raw",
        "x.qcow2",
        "x.vmdk",
        "x.vhd",
        "x.raw.xz",
        "x.raw.zst",
    ];
    let outs = images.iter().flat_map(|image| ["-o", image]);
    kit::succeed(&mut work.hsb(["build", "-q", "-i", &tar].into_iter().chain(outs)));
    let hsb = |arguments: &[&str]| kit::succeed(&mut work.hsb(arguments));
    let list = hsb(&["ls", "-R", "--json", "x.raw"]);
    let part = hsb(&["export", &tar, "/etc", "-o", "etc.tar"]);
    assert_eq!(part, "");
    for image in images {
        assert_eq!(hsb(&["diff", image, &tar]), "", "{image}");
        assert_eq!(hsb(&["diff", &tar, image]), "", "{image}");
        assert_eq!(hsb(&["diff", "x.raw", image]), "", "{image}");
        assert_eq!(hsb(&["ls", "-R", "--json", image]), list, "{image}");
        hsb(&["export", image, "-o", "out.tar"]);
        assert_eq!(hsb(&["diff", "out.tar", &tar]), "", "{image}");
        hsb(&["export", image, "/etc", "-o", "part.tar"]);
        let digests = ["part.tar", "etc.tar"].map(|tar| kit::sha256(&work.join(tar)));
        assert_eq!(digests[0], digests[1], "{image}");
        let release = hsb(&["cat", image, "/etc/os-release"]);
        assert_eq!(release, debugfs(&work, "x.raw", "cat /usr/lib/os-release"));
    }
    // No name is left out, and the filesystem's own folder goes nowhere.
    let mut gnu = kit::tool("tar");
    let names = |text: String| {
        let mut names: Vec<_> = text
            .lines()
            .map(|n| n.trim_start_matches("./").to_owned())
            .collect();
        names.sort();
        names.retain(|name| !name.is_empty());
        names
    };
    let ours = kit::succeed(gnu.args(["-tf", "out.tar"]).current_dir(work.path()));
    let theirs = kit::succeed(kit::tool("tar").args(["-tf", &tar]));
    assert_eq!(names(ours), names(theirs));
    // Mode, owner and size of all in a directory: /inode/mode/uid/gid/name/size/.
    let theirs = debugfs(&work, "x.raw", "ls -p /etc");
    let ours: serde_json::Value =
        serde_json::from_str(&hsb(&["ls", "--json", "x.raw", "/etc"])).unwrap();
    let ours = ours.as_array().unwrap();
    let theirs: Vec<Vec<&str>> = theirs
        .lines()
        .map(|line| line.split('/').collect())
        .collect();
    let theirs: Vec<_> = theirs
        .iter()
        .filter(|f| f.len() > 6 && !matches!(f[5], "." | ".."))
        .collect();
    assert_eq!(ours.len(), theirs.len());
    for file in ours {
        let name = file["path"].as_str().unwrap().trim_start_matches("/etc/");
        let found = theirs.iter().find(|fields| fields[5] == name).unwrap();
        let mode = file["mode"].as_str().unwrap().trim_start_matches('0');
        assert!(found[2].ends_with(mode), "{file} {found:?}");
        assert_eq!(found[3], file["uid"].to_string(), "{file}");
        assert_eq!(found[4], file["gid"].to_string(), "{file}");
        if file["type"] == "file" {
            assert_eq!(found[6], file["size"].to_string(), "{file}");
        }
    }
}

#[test]
fn a_partition_is_chosen() {
    let work = Work::new("looking-partitions");
    fs::create_dir_all(work.join("root/boot/efi/EFI")).unwrap();
    fs::create_dir_all(work.join("root/etc")).unwrap();
    work.write("root/boot/efi/EFI/loader.txt", "loads\n");
    work.write("root/etc/motd", "hello\n");
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\npartitions:\n\
         - {type: esp, mount: /boot/efi, size: 8M, label: FIRM}\n- {mount: /, name: system}\n",
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "x.raw", "-o", "x.qcow2"]));
    for image in ["x.raw", "x.qcow2"] {
        for esp in ["1", "FIRM"] {
            let arguments = ["cat", image, "/EFI/loader.txt", "--partition", esp];
            let text = kit::succeed(&mut work.hsb(arguments));
            assert_eq!(text, "loads\n");
            let arguments = ["ls", "-R", image, "--partition", esp];
            let names = kit::succeed(&mut work.hsb(arguments));
            assert_eq!(names, "/\n/EFI\n/EFI/loader.txt\n");
        }
        for root in [&[][..], &["--partition", "2"], &["--partition", "system"]] {
            let arguments = [&["cat", image, "/etc/motd"], root].concat();
            assert_eq!(kit::succeed(&mut work.hsb(arguments)), "hello\n");
        }
        // The other one has no partitions.
        let ignored = "mtime,mode,owner";
        let arguments = ["diff", image, "root/boot/efi", "--partition", "1"];
        let arguments = arguments.into_iter().chain(["--ignore", ignored]);
        assert_eq!(kit::succeed(&mut work.hsb(arguments)), "");
    }
    let mut mtype = kit::tool("mtype");
    let mtype = mtype.args(["-i", "x.raw@@1M", "::EFI/loader.txt"]);
    assert_eq!(kit::succeed(mtype.current_dir(work.path())), "loads\n");
    for (arguments, want) in [
        (
            &["ls", "x.raw", "--partition", "3"][..],
            "its GPT has no partition 3, but 1 (",
        ),
        (
            &["ls", "root", "--partition", "1"],
            "--partition chooses a part of a disk image, and root is none",
        ),
        (
            &["diff", "root", "root", "--partition", "1"],
            "--partition chooses a part of a disk image",
        ),
        (
            &["ls", "root", "--tag", "1"],
            "choose a container image, and root is none",
        ),
        (&["ls", "x.raw", "--partition", "0"], "numbers start at 1"),
    ] {
        let message = kit::fail(&mut work.hsb(arguments), 2);
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn only_an_empty_lost_and_found_is_the_filesystems_own() {
    let work = Work::new("looking-lost");
    fs::create_dir_all(work.join("root")).unwrap();
    work.write("root/file", "x");
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\ntable: none\nsize: 4M\n",
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "x.raw"]));
    let names = kit::succeed(&mut work.hsb(["ls", "x.raw"]));
    assert_eq!(names, "file\nlost+found\n");
    assert_eq!(
        kit::succeed(&mut work.hsb(["diff", "x.raw", "root", "--ignore", "owner"])),
        ""
    );
    fs::copy(work.join("x.raw"), work.join("found.raw")).unwrap();
    let mut debugfs = kit::tool("debugfs");
    let debugfs = debugfs.args(["-w", "-R", "ln file lost+found/#12", "found.raw"]);
    kit::succeed(debugfs.current_dir(work.path()));
    let run = kit::run(&mut work.hsb(["diff", "root", "found.raw", "--ignore", "owner,mtime"]));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("added /lost+found/#12: "), "{run:#?}");
    kit::succeed(&mut work.hsb(["export", "found.raw", "-o", "out.tar"]));
    let mut tar = kit::tool("tar");
    let names = kit::succeed(tar.args(["-tf", "out.tar"]).current_dir(work.path()));
    assert!(names.contains("lost+found/#12\n"), "{names}");
}

#[test]
fn partitions_are_those_of_sfdisk() {
    let work = Work::new("looking-disk");
    for (table, types) in [("gpt", "esp"), ("mbr", "0x0c")] {
        let recipe = format!(
            "table: {table}\npartitions:\n- {{type: '{types}', fs: vfat, mount: /boot, size: 8M, label: FIRM}}\n\
             - {{mount: /, label: main}}\n"
        );
        work.write("build.yaml", &recipe);
        kit::succeed(&mut work.hsb([
            "build",
            "-q",
            "-i",
            &fixture(),
            "-o",
            "x.raw",
            "-o",
            "x.vmdk",
        ]));
        let mut sfdisk = kit::tool("sfdisk");
        let theirs = kit::succeed(sfdisk.args(["--json", "x.raw"]).current_dir(work.path()));
        let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
        let theirs = theirs["partitiontable"]["partitions"].as_array().unwrap();
        for image in ["x.raw", "x.vmdk"] {
            let ours = kit::succeed(&mut work.hsb(["inspect", "--json", image]));
            let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
            assert_eq!(ours["system"]["os_release"]["NAME"], "hsb fixture");
            let slots = ours["disk"]["partitions"].as_array().unwrap();
            assert_eq!(slots.len(), theirs.len());
            for (slot, theirs) in slots.iter().zip(theirs) {
                let bytes = |key: &str| theirs[key].as_u64().unwrap() * 512;
                assert_eq!(slot["offset"], bytes("start"));
                assert_eq!(slot["bytes"], bytes("size"));
                assert_eq!(slot["name"], theirs["name"]);
            }
            assert_eq!(
                (&slots[0]["filesystem"], &slots[0]["label"]),
                (&"FAT16".into(), &"FIRM".into())
            );
            assert_eq!(
                (&slots[1]["filesystem"], &slots[1]["label"]),
                (&"ext4".into(), &"main".into())
            );
            let text = kit::succeed(&mut work.hsb(["inspect", image]));
            println!("{text}");
            assert!(text.contains("  partition 2"), "{text}");
        }
    }
}
