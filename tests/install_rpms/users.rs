//! Users that packages bring as data: they are there before the files that they own.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::build::{base, build, installed, work};

#[test]
fn users_come_with_their_packages() {
    let work = work("users");
    build(&work, "users.spec", &[]);
    let base = base(&work);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [rpms]\n",
    );
    let Some(mounted) = installed(&work, &base) else {
        return;
    };
    let root = mounted.path();
    let number = |file: &str, name: &str| -> u32 {
        let text = fs::read_to_string(root.join("etc").join(file)).unwrap();
        let mut rows = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let row = rows.find(|row| row[0] == name);
        row.unwrap_or_else(|| panic!("{name} in {text}"))[2]
            .parse()
            .unwrap()
    };
    for (path, user, group) in [
        ("var/lib/one", "hsb-one", "hsb-two"),
        ("var/lib/three", "hsb-three", "hsb-three"),
        ("var/lib/three/file", "hsb-one", "hsb-three"),
    ] {
        let meta = fs::metadata(root.join(path)).unwrap();
        let owners = (number("passwd", user), number("group", group));
        assert_eq!((meta.uid(), meta.gid()), owners, "{path}");
    }
    assert_eq!(number("group", "hsb-two"), 444);
    let group = fs::read_to_string(root.join("etc/group")).unwrap();
    assert!(group.contains("hsb-two:x:444:hsb-three\n"), "{group}");
}
