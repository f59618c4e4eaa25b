//! Types of filesystems: those that Linux has, and those that an image brings along.

use crate::Root;
use crate::value::nearest;

/// Those of Linux, of modules that are built beside it, and words of fstab(5), in byte order.
const KNOWN: &[&str] = &[
    "9p",
    "adfs",
    "affs",
    "afs",
    "apfs",
    "auto",
    "autofs",
    "bcachefs",
    "befs",
    "bfs",
    "binder",
    "binfmt_misc",
    "bpf",
    "btrfs",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "coda",
    "configfs",
    "cpuset",
    "cramfs",
    "dax",
    "debugfs",
    "devpts",
    "devtmpfs",
    "dlmfs",
    "ecryptfs",
    "efivarfs",
    "efs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "functionfs",
    "fuse",
    "fuseblk",
    "fusectl",
    "gfs2",
    "gfs2meta",
    "gpfs",
    "hfs",
    "hfsplus",
    "hpfs",
    "hugetlbfs",
    "iso9660",
    "jffs2",
    "jfs",
    "lustre",
    "minix",
    "mqueue",
    "msdos",
    "nfs",
    "nfs4",
    "nfsd",
    "nilfs2",
    "none",
    "ntfs",
    "ntfs3",
    "ocfs2",
    "omfs",
    "orangefs",
    "overlay",
    "proc",
    "pstore",
    "pvfs2",
    "qnx4",
    "qnx6",
    "ramfs",
    "reiserfs",
    "resctrl",
    "romfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "smb3",
    "squashfs",
    "swap",
    "sysfs",
    "sysv",
    "tmpfs",
    "tracefs",
    "ubifs",
    "udf",
    "ufs",
    "usbfs",
    "vboxsf",
    "vfat",
    "virtiofs",
    "vmhgfs",
    "vxfs",
    "xenfs",
    "xfs",
    "zfs",
    "zonefs",
];

/// Returns whether a type is one of those that are on no device; its name stands for one.
pub(super) fn has_no_device(kind: &str) -> bool {
    let kinds = [
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "hugetlbfs",
        "mqueue",
        "overlay",
        "proc",
        "pstore",
        "ramfs",
        "securityfs",
        "sysfs",
        "tmpfs",
        "tracefs",
    ];
    kinds.contains(&kind)
}

/// Returns what is to be told of the first of the types, between which there are commas, that
/// nothing can mount as far as the image shows.
pub(super) fn unknown(root: &Root<'_>, kinds: &str) -> Option<String> {
    let kind = kinds.split(',').find(|kind| !is_known(root, kind))?;
    let meant = nearest(kind, KNOWN.iter().copied());
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    Some(format!(
        "Linux has no filesystem {kind:?}, and the image no mount.{kind} or module for it{meant}"
    ))
}

fn is_known(root: &Root<'_>, kind: &str) -> bool {
    // mount(8) passes over types with `no` in front, and hands on those behind `fuse.`.
    let kind = kind
        .strip_prefix("no")
        .filter(|kind| KNOWN.contains(kind))
        .unwrap_or(kind);
    let helpers = ["/sbin", "/usr/sbin", "/bin", "/usr/bin"];
    let mut helpers = helpers
        .iter()
        .map(|folder| format!("{folder}/mount.{kind}"));
    let folders = root.glob("/lib/modules/*/kernel/fs/*");
    let mut folders = folders
        .iter()
        .map(|path| path.rsplit(|b| *b == b'/').next());
    KNOWN.contains(&kind)
        || kind.starts_with("fuse.")
        || helpers.any(|path| root.exists(path))
        || folders.any(|name| name == Some(kind.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn types() {
        assert!(KNOWN.is_sorted());
        let mut tree = image(&[
            ("/usr/sbin/mount.glusterfs", ""),
            ("/lib/modules/6.1/kernel/fs/newfs/newfs.ko", ""),
        ]);
        let host = Files::default();
        let root = Root::new(&mut tree, &host, NOW);
        for (kinds, why) in [
            ("ext4", None),
            ("auto", None),
            ("ext4,noxfs", None),
            ("glusterfs", None),
            ("newfs", None),
            ("fuse.sshfs", None),
            ("none", None),
            (
                "tmpf",
                Some(
                    "Linux has no filesystem \"tmpf\", and the image no mount.tmpf or module for \
                     it; did you mean tmpfs?",
                ),
            ),
            (
                "ext4,nosuchfs",
                Some(
                    "Linux has no filesystem \"nosuchfs\", and the image no mount.nosuchfs or \
                     module for it",
                ),
            ),
        ] {
            assert_eq!(unknown(&root, kinds).as_deref(), why);
        }
    }
}
