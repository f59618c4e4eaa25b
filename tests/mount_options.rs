//! Options of an fstab line that becomes ext4: those that libmount takes for any filesystem stay, and
//! are told apart as libmount does it.

use std::collections::BTreeSet;
use std::sync::Arc;

use fsgen::{Kind, Timestamp};
use modules::Cfg;
use modules::value::Span;

use crate::accounts::{NoFiles, image, map};
use crate::kit::{Work, succeed, tool};

/// Those of mount(8) for any filesystem, and some of btrfs.
const OPTIONS: &str = "rw,ro,async,sync,atime,noatime,auto,noauto,bind,rbind,defaults,dev,nodev,diratime,\
    nodiratime,dirsync,exec,noexec,group,nogroup,helper=x,iversion,noiversion,lazytime,nolazytime,loop,\
    loop=/dev/loop1,loud,silent,mand,nomand,_netdev,nofail,nosymfollow,symfollow,offset=1,sizelimit=2,owner,\
    noowner,private,rprivate,shared,rshared,slave,rslave,unbindable,runbindable,relatime,norelatime,remount,\
    strictatime,nostrictatime,suid,nosuid,uhelper=x,user,nouser,users,nousers,comment=x,x-a=b,X-mount.mkdir,\
    x-note=\"a,b\",verity.hashdevice=/x,\
    subvol=\"a,b\",subvolid=5,compress=zstd:1,space_cache=v2,nodatacow,ssd,autodefrag";

#[test]
fn what_any_filesystem_takes_stays() {
    let work = Work::new("mount-options");
    let column = |line: &str, column: &str| -> BTreeSet<String> {
        let file = work.write("fstab", line);
        let mut findmnt = tool("findmnt");
        findmnt.args(["--raw", "--noheadings", "--output", column, "--tab-file"]);
        let text = succeed(findmnt.arg(file));
        let mut is_quoted = false;
        let options = text.trim().split(|letter| {
            is_quoted ^= letter == '"';
            letter == ',' && !is_quoted
        });
        options.map(str::to_owned).collect()
    };
    let before = format!("UUID=a / btrfs {OPTIONS} 0 0\n");
    let mut tree = image(&[("etc/fstab", &before)]);
    let module = modules::find("fstab").unwrap();
    let mount = map([
        ("mount", "/".into()),
        ("device", "/dev/vda".into()),
        ("type", "ext4".into()),
    ]);
    let recipe = map([("fstab", map([("mounts", vec![mount].into())]))]);
    let recipe = Arc::new(recipe.as_map().unwrap().clone());
    let cfg = Cfg::new(&recipe, module.keys, None, Span::default()).unwrap();
    let then = Timestamp::from_secs(0);
    let done = modules::run(&mut tree, module.name, &NoFiles, then, |root| {
        (module.modify)(module.name, root, &cfg)
    })
    .unwrap();
    let Kind::File(content) = &tree.node(tree.resolve(b"/etc/fstab").unwrap()).kind else {
        panic!("the file is gone");
    };
    let after = String::from_utf8(content.read(&tree, 1 << 20).unwrap()).unwrap();
    let of_btrfs = column(&before, "FS-OPTIONS");
    assert!(
        of_btrfs.len() > 5 && of_btrfs.contains("subvol=\"a,b\""),
        "{of_btrfs:?}"
    );
    let all = column(&before, "OPTIONS");
    let rest: BTreeSet<_> = all.difference(&of_btrfs).cloned().collect();
    assert_eq!(column(&after, "OPTIONS"), rest);
    // None of those that stay is taken for a stranger.
    assert_eq!(done.warnings.len(), 1, "{:?}", done.warnings);
}
