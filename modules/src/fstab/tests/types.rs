//! What stays of a line whose filesystem becomes another one.

use super::{ROOT, after};
use crate::kit::{map, value};

/// A line, what the recipe says of its mount point, the line behind it, and the options that the
/// warnings name.
#[test]
fn lines_that_change_their_type() {
    let efi = "UUID=1A2B-3C4D /boot/efi vfat";
    let root = format!("UUID={ROOT} / ext4");
    for (before, mount, want, warned) in [
        // Without a type in the recipe, that of the device's line stays.
        (
            "/y /x none bind,nofail 0 0",
            value!({"mount": "/x", "device": "/y"}),
            "/y /x none bind,nofail 0 0".to_owned(),
            &[][..],
        ),
        (
            "srv:/x /x nfs4 vers=4.2,soft 0 0",
            value!({"mount": "/x", "device": "srv:/x"}),
            "srv:/x /x nfs4 vers=4.2,soft 0 0".to_owned(),
            &[],
        ),
        // What has no device is of the type that it is named as.
        (
            "none /x tmpfs size=1G 0 0",
            value!({"mount": "/x", "device": "tmpfs"}),
            "tmpfs /x tmpfs size=1G 0 0".to_owned(),
            &[],
        ),
        (
            "tmpfs /x tmpfs size=2G 0 0",
            value!({"mount": "/x", "device": "tmpfs"}),
            "tmpfs /x tmpfs size=2G 0 0".to_owned(),
            &[],
        ),
        (
            "/y /x xfs logbufs=8 0 2",
            value!({"mount": "/x", "device": "/y", "type": "ext4"}),
            "/y /x ext4 defaults 0 2".to_owned(),
            &["loses the options logbufs=8;"],
        ),
        (
            "/y /x xfs logbufs=8 0 0",
            value!({"mount": "/x", "device": "/z"}),
            "/z /x auto logbufs=8 0 0".to_owned(),
            &["keeps the options logbufs=8,"],
        ),
        (
            "/y /x auto rbind,x-a=b 0 0",
            value!({"mount": "/x", "device": "/y", "type": "none"}),
            "/y /x none rbind,x-a=b 0 0".to_owned(),
            &[],
        ),
        (
            "s:/x /x nfs soft,timeo=9 0 0",
            value!({"mount": "/x", "device": "s:/x", "type": "nfs4"}),
            "s:/x /x nfs4 soft,timeo=9 0 0".to_owned(),
            &[],
        ),
        (
            "/y /x auto loop,ro 0 0",
            value!({"mount": "/x", "device": "/y", "type": "squashfs"}),
            "/y /x squashfs loop,ro 0 0".to_owned(),
            &[],
        ),
        // Commas in quotes are of a value.
        (
            "/y / btrfs subvol=\"a,b\",context=\"s:c1,c2\" 0 0",
            value!({}),
            format!("{root} context=\"s:c1,c2\" 0 1"),
            &["loses the options subvol=\"a,b\";"],
        ),
        // `auto` may have been the same; what only others take is none of its.
        (
            "/y /boot/efi auto nofail,umask=0077,shortname=winnt 0 2",
            value!({}),
            format!("{efi} nofail,umask=0077,shortname=winnt 0 2"),
            &[],
        ),
        (
            "/y /boot/efi msdos ro,umask=0022 0 0",
            value!({}),
            format!("{efi} ro,umask=0022 0 0"),
            &[],
        ),
        (
            "/y / auto subvol=@,noatime 0 0",
            value!({}),
            format!("{root} noatime 0 0"),
            &["loses the options subvol=@;"],
        ),
        // Another type gets what a new line has.
        (
            "/y /boot/efi ext4 defaults,data=journal 0 0",
            value!({}),
            format!("{efi} defaults,umask=0077 0 2"),
            &["loses the options data=journal;"],
        ),
        (
            "/y /boot/efi exfat dmask=0022,fmask=0133,uid=0 0 0",
            value!({}),
            format!("{efi} dmask=0022,fmask=0133,uid=0 0 2"),
            &[],
        ),
        (
            "/y /boot/efi auto defaults 0 2",
            value!({}),
            format!("{efi} defaults,umask=0077 0 2"),
            &[],
        ),
        // A name says nothing: the new type takes other values, or none of it any more.
        (
            "/y / btrfs rw,discard=async,commit=30,barrier 0 0",
            value!({}),
            format!("{root} rw,commit=30,barrier 0 1"),
            &["loses the options discard=async;"],
        ),
        (
            "/y / f2fs prjquota,recovery,usrquota,errors=panic 0 0",
            value!({}),
            format!("{root} usrquota,errors=panic 0 1"),
            &["loses the options prjquota,recovery;"],
        ),
        (
            "/y /x ext4 barrier=1,nobarrier,discard 0 2",
            value!({"mount": "/x", "device": "/y", "type": "btrfs"}),
            "/y /x btrfs nobarrier,discard 0 2".to_owned(),
            &["loses the options barrier=1;"],
        ),
        (
            "/y /x ext4 nobarrier,usrquota 0 2",
            value!({"mount": "/x", "device": "/y", "type": "xfs"}),
            "/y /x xfs usrquota 0 2".to_owned(),
            &["loses the options nobarrier;"],
        ),
        // One driver has all three, but not all for each.
        (
            "/y /x ext4 delalloc,data=journal,data=x 0 2",
            value!({"mount": "/x", "device": "/y", "type": "ext3"}),
            "/y /x ext3 data=journal 0 2".to_owned(),
            &["loses the options delalloc,data=x;"],
        ),
        (
            "/y /x nfs vers=3,soft 0 0",
            value!({"mount": "/x", "device": "/y", "type": "nfs4"}),
            "/y /x nfs4 soft 0 0".to_owned(),
            &["loses the options vers=3;"],
        ),
        (
            "/y /boot/efi ntfs umask=0027 0 2",
            value!({}),
            format!("{efi} umask=0027 0 2"),
            &[],
        ),
        (
            "/y / zfs zfsutil,subvol=\u{fc} 0 0",
            value!({}),
            format!("{root} defaults 0 1"),
            &["loses the options zfsutil,subvol=\u{fc};"],
        ),
        // What this takes, nobody here knows.
        (
            "/y /x ext4 ro,data=journal 0 0",
            value!({"mount": "/x", "device": "/y", "type": "zfs"}),
            "/y /x zfs ro,data=journal 0 0".to_owned(),
            &["keeps the options data=journal, "],
        ),
    ] {
        let is_asked = mount != value!({});
        let mounts = if is_asked { vec![mount] } else { Vec::new() };
        let (text, warnings) = after(Some(before), map([("mounts", mounts.into())]));
        assert_eq!(
            text.lines().find(|line| !line.contains('\t')),
            Some(&*want),
            "{before}"
        );
        let mut told = warnings.iter();
        assert_eq!(warnings.len(), warned.len(), "{warnings:?}");
        assert!(
            warned
                .iter()
                .all(|part| told.next().unwrap().contains(part)),
            "{warnings:?}"
        );
    }
}
