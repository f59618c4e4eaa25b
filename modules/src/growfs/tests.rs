use std::io;
use std::sync::Arc;

use fsgen::{ReadAt, Tree};

use super::*;
use crate::kit::{NOW, distribution, image, read, show};
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
const MBR: &str = "/ 0x83 ext4 12345678-01";

fn grow(tree: &mut Tree, disk: &Disk) -> Result<(), String> {
    let recipe = Arc::new(Map::new());
    let cfg = Cfg::new(&recipe, MODULE.keys, None, Span::default()).unwrap();
    let mut runs = || {
        crate::run(tree, "growfs", disk, NOW, |root| {
            modify("growfs", root, &cfg)
        })
        .map_err(|error| error.to_string())
    };
    runs()?;
    assert_eq!(runs()?.changes, [], "the second time");
    Ok(())
}

#[test]
fn by_what_the_image_has() {
    let tools: Vec<_> = PROGRAMS
        .iter()
        .map(|name| format!("/usr/bin/{name}"))
        .collect();
    let tools: Vec<_> = tools.iter().map(|path| (&**path, "")).collect();
    let cloud = [("/etc/cloud/cloud.cfg", ""), ("/usr/bin/growpart", "")];
    let repart = [("/usr/bin/systemd-repart", "")];
    let growfs = [
        ("/usr/lib/systemd/systemd", ""),
        ("/usr/lib/systemd/systemd-growfs", ""),
    ];
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
        ])
    };
    let nothing = Err("nothing in the image can grow a filesystem at boot".to_owned());
    let by_repart = Ok([true, true, false, false]);
    let by_growfs = Ok([false, true, false, false]);
    let by_cloud_init = Ok([false; 4]);
    let by_unit = Ok([false, false, true, false]);
    let by_openrc = Ok([false, false, false, true]);
    let twins = ["/srv root ext4 22222222-0000-4000-8000-000000000002", GPT];
    for (files, partitions, want) in [
        (&[&growfs[..], &repart][..], &[GPT][..], &by_repart),
        (&[&growfs, &repart, &cloud, &tools], &[GPT], &by_repart),
        (&[&growfs, &repart], &["/ - ext4 -"], &by_growfs),
        (&[&growfs, &repart], &[MBR], &nothing),
        (&[&growfs, &repart], &twins, &nothing),
        (&[&growfs, &repart, &cloud], &[MBR], &by_cloud_init),
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
        assert_eq!(read(&tree, REPART), "[Partition]\nType=root\n");
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
