//! Files of the image that a module in Python has open, or compares, or leaves to a forked process.

use super::kit::{debugfs, run, succeed};
use super::own_python::project;

#[test]
fn files_of_one_time_are_compared_by_their_content() {
    let work = project(&["own"], "");
    let text = r#"
import filecmp, os
def modify(name, root, cfg):
    one, other = os.path.join(root, "etc/one"), os.path.join(root, "etc/other")
    for first, second in ("ab", "aa", "ba"):
        root.write("/etc/one", first), root.write("/etc/other", second)
        assert os.path.getmtime(one) == os.path.getmtime(other)
        assert filecmp.cmp(one, other) == (first == second), (first, second)
"#;
    work.write("modules/own.py", text);
    succeed(&mut work.hsb(["build"]));
}

#[test]
fn open_files_see_what_operations_do_and_bring_no_name_back() {
    let work = project(&["own"], "");
    let text = r#"
import os
def modify(name, root, cfg):
    path = os.path.join(root, "etc/used")
    with open(path, "w+") as file:
        file.write("one\n")
        file.flush()
        root.append("/etc/used", "two\n")
        root.edit_line("/etc/used", "^one$", "ONE")
        file.seek(0)
        assert file.read() == "ONE\ntwo\n"
        root.rename("/etc/used", "/etc/moved")
        file.write("three\n")
        file.flush()
        assert root.read("/etc/moved") == "ONE\ntwo\nthree\n"
        root.write("/etc/moved", "")
        file.write("4")
        file.flush()
        assert root.read_bytes("/etc/moved") == bytes(14) + b"4"
        root.remove("/etc/moved")
        file.write("5")
    with open(path, "a") as file:
        root.remove("/etc/used")
        file.write("6")
    assert not [name for name in root.list("/etc") if name in ("used", "moved")]
"#;
    work.write("modules/own.py", text);
    succeed(&mut work.hsb(["build"]));
}

#[test]
fn a_forked_process_ends_as_it_would_without_hsb() {
    let work = project(&["own"], "");
    let text = r#"
import os, sys
def modify(name, root, cfg):
    log = open(root + "/etc/log", "w")
    log.write("once")
    for act in (lambda: None, lambda: 1 / 0, lambda: sys.exit(3), lambda: root.read("/etc/log")):
        child = os.fork()
        if child == 0:
            print("child", flush=True)
            act()
            return
        print(os.waitpid(child, 0)[1] >> 8, flush=True)
"#;
    work.write("modules/own.py", text);
    let said = run(&mut work.hsb(["build"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    let lines = said.stderr.lines();
    let lines: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("[own] "))
        .collect();
    let status = |line: &&&str| line.parse::<u8>().is_ok();
    let found: Vec<_> = lines.iter().filter(status).collect();
    assert_eq!(found, [&"0", &"1", &"3", &"1"], "{said:#?}");
    for line in [
        "ZeroDivisionError: division by zero",
        "PermissionError: [Errno 1] the image belongs to the process that forked this one",
    ] {
        assert!(lines.contains(&line), "{line}: {said:#?}");
    }
    assert!(!said.stderr.contains("<hsb>"), "{said:#?}");
    assert_eq!(debugfs(&work.join("image.raw"), 0, "cat /etc/log"), "once");
}
