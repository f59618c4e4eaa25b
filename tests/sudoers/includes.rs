//! Lines that include a folder, in the forms that sudo reads and in those that it does not.

use std::fs;

use super::{add, read, user};
use crate::kit::{Work, succeed, tool};

/// `D` is the folder.
const LINES: &[&str] = &[
    "@includedir D",
    "#includedir D # x\\",
    "@includedir\"D\"",
    "  @includedir\"D\"",
    "#includedir\"D\"",
    " #includedir D",
    "@includedir D\\",
    "@includedir D\\\nroot ALL=ALL",
    "@includedir D \\\n# x",
    "@includedir \"D\"\\\n",
    "@includedir\\\nD",
    "@includedir \\\n D",
    "@includedir D\\\\",
    "@includedir D/\\",
    "@includedir D\\ ",
    "@includedir D\\\t",
    "@includedir D\u{a0}",
    "@includedir D#x",
    "@includedir D \r",
];

#[test]
fn sudo_reads_the_folder_once() {
    let work = Work::new("includes");
    let folder = work.join("sudoers.d");
    fs::create_dir(&folder).unwrap();
    work.write("sudoers.d/90-x", "zzz ALL=ALL\n");
    let sees = |sudoers: &str| {
        let sudoers = sudoers.replace("/etc/sudoers.d", folder.to_str().unwrap());
        let file = work.write("sudoers", sudoers);
        succeed(tool("cvtsudoers").args(["-f", "sudoers"]).arg(file))
            .matches("zzz ")
            .count()
    };
    for line in LINES {
        let before = format!(
            "root ALL=(ALL) ALL\n{}\n",
            line.replace('D', "/etc/sudoers.d")
        );
        let (tree, _) = add(vec![user("bob", true.into())], &before, "").unwrap();
        let after = read(&tree, "etc/sudoers").unwrap();
        assert_eq!(after == before, sees(&before) == 1, "{line:?}");
        assert_eq!(sees(&after), 1, "{line:?}");
    }
}
