use std::io;
use std::sync::Arc;

use fsgen::{ReadAt, Tree};

use super::*;
use crate::kit::{NOW, distribution, image, read, show, texts};
use crate::value::Map;

/// A disk of these partitions.
struct Disk(Vec<Partition>);

impl Host for Disk {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn partitions(&self) -> &[Partition] {
        &self.0
    }
}

/// Makes partitions of `MOUNT TYPE FILESYSTEM PARTUUID`.
fn disk(rows: &[&str]) -> Disk {
    let rows = (1..).zip(rows).map(|(number, row)| {
        let words: Vec<_> = row.split(' ').collect();
        let text = |at: usize| Some(words[at].to_owned()).filter(|text| text != "-");
        Partition {
            number,
            mount: text(0),
            kind: text(1),
            filesystem: text(2),
            label: None,
            uuid: Some(format!("id-{number}")),
            partuuid: text(3),
        }
    });
    Disk(rows.collect())
}

const GPT: &str = "/ root ext4 11111111-0000-4000-8000-000000000002";
const CLOUD: &str = "cloud_init_modules:\n  - growpart\n  - [resizefs, always]\n";
/// cloud-init, and what starts it.
const CLOUD_INIT: [(&str, &str); 5] = [
    ("/etc/cloud/cloud.cfg", CLOUD),
    ("/usr/bin/growpart", ""),
    ("/usr/bin/cloud-init", ""),
    (
        "/etc/systemd/system/cloud-init.target.wants/cloud-init.service@",
        "/usr/lib/systemd/system/cloud-init.service",
    ),
    (
        "/usr/lib/systemd/system-generators/cloud-init-generator",
        "",
    ),
];
const MBR: &str = "/ 0x83 ext4 12345678-01";

/// Runs the step twice, and returns the warnings.
fn grow(tree: &mut Tree, disk: &Disk) -> Result<Vec<String>, String> {
    let recipe = Arc::new(Map::new());
    let cfg = Cfg::new(&recipe, MODULE.keys, None, Span::default()).unwrap();
    let mut runs = || {
        crate::run(tree, "growfs", disk, NOW, |root| {
            modify("growfs", root, &cfg)
        })
        .map_err(|error| error.to_string())
    };
    let first = runs()?;
    runs()?;
    let second = tree.layers().last().unwrap();
    assert_eq!(second.changes, [], "the second time");
    Ok(texts(&first.warnings))
}

#[test]
fn by_what_the_image_has() {
    let tools: Vec<_> = PROGRAMS
        .iter()
        .map(|name| format!("/usr/bin/{name}"))
        .collect();
    let tools: Vec<_> = tools.iter().map(|path| (&**path, "")).collect();
    let cloud = CLOUD_INIT;
    let repart = [("/usr/bin/systemd-repart", "")];
    let growfs = [
        ("/usr/lib/systemd/systemd", ""),
        ("/usr/lib/systemd/systemd-growfs", ""),
    ];
    const OFF: &str = "/etc/cloud/cloud.cfg.d/90-x.cfg";
    let openrc = [("/etc/init.d/local", "")];
    let way = |files: &[&[(&str, &str)]], disk: &Disk| {
        let mut tree = image(&files.concat());
        grow(&mut tree, disk)?;
        let all = show(&mut tree, "/").join("\n");
        let is_there = |part: &str| all.contains(part);
        Ok::<_, String>([
            is_there("50-hsb-grow.conf"),
            is_there("/etc/fstab"),
            is_there("multi-user.target.wants/hsb-growfs.service"),
            is_there("/etc/runlevels/default/local -> /etc/init.d/local"),
            is_there("zz-hsb-growfs.cfg"),
        ])
    };
    let nothing = Err("nothing in the image can grow a filesystem at boot".to_owned());
    let by_repart = Ok([true, true, false, false, false]);
    let by_growfs = Ok([false, true, false, false, false]);
    let by_cloud_init = Ok([false, false, false, false, true]);
    let by_unit = Ok([false, false, true, false, false]);
    let by_openrc = Ok([false, false, false, true, false]);
    let twins = ["/srv root ext4 22222222-0000-4000-8000-000000000002", GPT];
    for (files, partitions, want) in [
        (&[&growfs[..], &repart][..], &[GPT][..], &by_repart),
        (&[&growfs, &repart, &cloud, &tools], &[GPT], &by_repart),
        (&[&growfs, &repart], &["/ - ext4 -"], &by_growfs),
        (&[&growfs, &repart], &[MBR], &nothing),
        (&[&growfs, &repart], &twins, &nothing),
        (&[&growfs, &repart, &cloud], &[MBR], &by_cloud_init),
        (&[&growfs, &cloud[..1], &tools], &[MBR], &by_unit),
        (&[&growfs, &cloud[1..], &tools], &[MBR], &by_unit),
        // Nothing starts cloud-init, or not its target, or something keeps it from running.
        (&[&growfs, &cloud[..3], &tools], &[MBR], &by_unit),
        (&[&growfs, &cloud[..4], &tools], &[MBR], &by_unit),
        (
            &[
                &growfs,
                &cloud[..4],
                &[(
                    "/etc/systemd/system/multi-user.target.wants/cloud-init.target@",
                    "x",
                )],
            ],
            &[MBR],
            &by_cloud_init,
        ),
        (
            &[
                &growfs,
                &cloud[..3],
                &[(
                    "/etc/systemd/system/multi-user.target.wants/cloud-init.service@",
                    "x",
                )],
            ],
            &[MBR],
            &by_cloud_init,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[(cloud_config::IDENTIFY, "policy: disabled\n")],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[(
                    "/etc/default/grub",
                    "# a\nGRUB_CMDLINE_LINUX=\"a cloud-init=disabled\"\n",
                )],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &[("/etc/kernel/cmdline", "cloud-init=enabled\n")],
            ],
            &[MBR],
            &by_cloud_init,
        ),
        (&[&openrc, &cloud[..3], &tools], &[MBR], &by_openrc),
        (
            &[
                &openrc,
                &cloud[..3],
                &tools,
                &[("/etc/runlevels/default/cloud-init@", "x")],
            ],
            &[MBR],
            &by_cloud_init,
        ),
        (
            &[&growfs, &cloud, &tools, &[("/etc/growroot-disabled", "")]],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[(cloud_config::DISABLED, ""), (cloud_config::GROW, "")],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[&growfs, &cloud, &[("/etc/growroot-disabled", "")]],
            &[MBR],
            &nothing,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[("/etc/systemd/system/cloud-init.service@", "/dev/null")],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[(OFF, "cloud_init_modules: [growpart]\n")],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &tools,
                &[(OFF, "growpart: {devices: [/srv]}\n")],
            ],
            &[MBR],
            &by_unit,
        ),
        (
            &[
                &growfs,
                &cloud,
                &[(OFF, "growpart: {mode: 'off'}\nresize_rootfs: false\n")],
            ],
            &[MBR],
            &by_cloud_init,
        ),
        (&[&growfs, &repart, &tools], &[MBR], &by_unit),
        (&[&growfs, &repart, &tools], &twins, &by_unit),
        (&[&growfs, &tools], &[GPT], &by_unit),
        (&[&openrc, &tools], &[GPT], &by_openrc),
        (&[&openrc, &tools[1..]], &[GPT], &nothing),
        (&[&tools], &[GPT], &nothing),
        (&[], &[GPT], &nothing),
    ] {
        assert_eq!(
            way(files, &disk(partitions)),
            *want,
            "{files:?} {partitions:?}"
        );
    }
}

#[test]
fn what_repart_and_growfs_read() {
    for (fstab, want) in [
        ("", "UUID=id-1\t/\text4\tdefaults,x-systemd.growfs\t0\t1\n"),
        (
            "# c\nUUID=x  /  ext4 ro 0 1 # d\n",
            "# c\nUUID=x  /  ext4 ro,x-systemd.growfs 0 1 # d\n",
        ),
        (
            "UUID=x / ext4\n",
            "UUID=x / ext4\tdefaults,x-systemd.growfs\n",
        ),
        (
            "LABEL=x / ext4 x-systemd.growfs,ro 0 1\n",
            "LABEL=x / ext4 x-systemd.growfs,ro 0 1\n",
        ),
    ] {
        let mut tree = distribution("debian");
        let host = disk(&[GPT]);
        Root::new(&mut tree, &host, NOW)
            .write("/etc/fstab", fstab)
            .unwrap();
        grow(&mut tree, &host).unwrap();
        assert_eq!(read(&tree, "/etc/fstab"), want);
        assert_eq!(read(&tree, repart::FILE), "[Partition]\nType=root\n");
    }
}

#[test]
fn definitions_and_settings_of_the_image() {
    let host = disk(&["/boot/efi esp vfat x", GPT]);
    let mbr = disk(&[MBR]);
    let def = "/usr/lib/repart.d/10-root.conf";
    let later = "/etc/cloud/cloud.cfg.d/zzz.cfg";
    let cloud = |file: &[(&'static str, &'static str)]| [&CLOUD_INIT, file].concat();
    let (cloud, growpart_off, resize_off) = (
        cloud(&[]),
        cloud(&[(later, "growpart: {mode: off}\n")]),
        cloud(&[(later, "resize_rootfs: no\n")]),
    );
    for (host, files, has_ours, warning) in [
        (&host, &[][..], true, ""),
        (
            &host,
            &[("/usr/lib/repart.d/10-esp.conf", "[Partition]\nType=esp\n")],
            true,
            "",
        ),
        (
            &host,
            &[(def, "[Partition]\nType=root-x86-64\n")],
            false,
            "",
        ),
        (
            &host,
            &[
                (
                    def,
                    "[Partition]\nType=4f68bce3-e8cd-4db1-96e7-fbcaf984b709\n",
                ),
                (repart::FILE, "x"),
            ],
            false,
            "",
        ),
        (
            &host,
            &[(def, "[Partition]\nType=root\nSizeMaxBytes=2G\n")],
            false,
            "/ grows to 2G at most, as /usr/lib/repart.d/10-root.conf has it",
        ),
        (
            &host,
            &[(def, "[Partition]\nType=root\nWeight=0\n")],
            false,
            "/ does not grow: /usr/lib/repart.d/10-root.conf gives it the weight 0",
        ),
        (
            &host,
            &[
                (def, "[Partition]\nType=root\n"),
                ("/etc/repart.d/10-root.conf@", "/dev/null"),
            ],
            true,
            "",
        ),
        (
            &host,
            &[("/etc/repart.d/90-home.conf", "[Partition]\nType=home\n")],
            true,
            "/etc/repart.d/90-home.conf adds a partition of type home, which takes of what / could grow by",
        ),
        (
            &host,
            &[
                (def, "[Partition]\nType=root\n"),
                ("/etc/repart.d/20-b.conf", "[Partition]\nType=root\n"),
            ],
            false,
            "/etc/repart.d/20-b.conf adds a partition of type root, which takes of what / could grow by",
        ),
        (&mbr, &cloud, false, ""),
        (
            &mbr,
            &growpart_off,
            false,
            "/etc/cloud/cloud.cfg.d/zzz.cfg keeps cloud-init from growing the root filesystem",
        ),
        (
            &mbr,
            &resize_off,
            false,
            "/etc/cloud/cloud.cfg.d/zzz.cfg keeps cloud-init from growing the root filesystem",
        ),
    ] {
        let has = |name| (name, "");
        let mut all = files.to_vec();
        all.extend(["/usr/bin/systemd-repart", "/usr/lib/systemd/systemd-growfs"].map(has));
        let mut tree = image(&all);
        let warnings = grow(&mut tree, host).unwrap();
        let tree = show(&mut tree, "/").join("\n");
        assert_eq!(tree.contains(repart::FILE), has_ours, "{files:?}");
        assert_eq!(warnings.join("\n"), warning, "{files:?}");
    }
}

#[test]
fn partitions_that_cannot_grow() {
    for (partitions, message) in [
        (
            &[GPT, "- swap swap x"][..],
            "/ cannot grow: partition 2 lies behind it",
        ),
        (
            &["/srv srv ext4 x"],
            "no partition of the image is mounted at /",
        ),
        (&["/ esp vfat x"], "/ is vfat, which cannot grow"),
    ] {
        let error = grow(&mut distribution("debian"), &disk(partitions)).unwrap_err();
        assert_eq!(error, message);
    }
}
