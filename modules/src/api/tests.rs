//! The table itself, and every operation in rows of calls.

mod arguments;
mod notation;
mod rows;

use std::collections::BTreeSet;

use fsgen::Tree;

use super::*;
use crate::kit::{Files, NOW, image, texts};
use crate::root::Root;

const UNIT: &str = "[Install]\nWantedBy=multi-user.target\n";

fn sample() -> Tree {
    image(&[
        ("/etc/motd", "hello\nworld\n"),
        ("/etc/link@", "motd"),
        ("/etc/dangling@", "new"),
        ("/etc/absolute@", "/etc/motd"),
        ("/etc/out@", "../../../etc/motd"),
        ("/etc/loop@", "loop"),
        (
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nuucp:x:10:14::/var:/bin/false\n",
        ),
        ("/etc/group", "root:x:0:\nadm:x:4:root,uucp\nuucp:x:14:\n"),
        ("/etc/shadow", "root:*:1::::::\n"),
        ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        ("/etc/crlf", "a\r\nb"),
        ("/bin/sh", ""),
        ("/home@", "var/home"),
        ("/usr/lib/a.conf", ""),
        ("/usr/lib/deep/b.conf", ""),
        ("/usr/lib/systemd/system/a.service", UNIT),
        ("/lib@", "usr/lib"),
    ])
}

/// Makes calls on a sample; returns the result of the last one as a text, and what the user is
/// told. All others must work.
fn make(calls: &[&str]) -> (String, Vec<String>) {
    let mut tree = sample();
    let host = Files(
        [
            ("conf/a", b"from the host".to_vec()),
            ("conf/t.j2", b"{{ a }}\n".to_vec()),
        ]
        .into(),
    );
    let mut root = Root::new(&mut tree, &host, NOW);
    let mut found = String::new();
    for (i, text) in calls.iter().enumerate() {
        let (name, args, named) = notation::call(text);
        found = match call(&mut root, &name, args, named) {
            Ok(data) => notation::show(&data),
            Err(error) if i + 1 == calls.len() => {
                let help = error
                    .help
                    .map(|help| format!("; {help}"))
                    .unwrap_or_default();
                format!("{}: {}{help}", error.kind.name(), error.message)
            }
            Err(error) => panic!("{text}: {error}"),
        };
    }
    let mut told = root.take_notes();
    told.extend(texts(&root.into_warnings()));
    (found, told)
}

/// Rows of calls, each followed by the result of the last one.
fn check(rows: &[rows::Row]) {
    let found = rows.iter();
    let found = found.map(|(calls, want)| (calls, make(calls).0, want));
    let wrong = found.filter(|(_, found, want)| found != *want);
    let wrong: Vec<_> = wrong
        .map(|(calls, found, want)| format!("{calls:?}\n  found {found}\n  want  {want}\n"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn the_table_is_sorted_and_documented() {
    assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
    let is_line = |text: &str| !text.is_empty() && !text.contains('\n') && !text.ends_with('.');
    for operation in OPERATIONS {
        assert!(is_line(operation.summary), "{operation}");
        let mut names = BTreeSet::new();
        let mut optional = false;
        for parameter in operation.parameters {
            assert!(is_line(parameter.summary), "{operation} {}", parameter.name);
            assert!(names.insert(parameter.name), "{operation}");
            assert!(parameter.default.is_some() || !optional, "{operation}");
            optional = parameter.default.is_some();
        }
        assert_eq!(find(operation.name).unwrap().name, operation.name);
    }
    assert!(find("").is_none() && find("Read").is_none());
}

#[test]
fn the_rows_have_every_operation_at_work_and_failing() {
    let mut seen = BTreeSet::new();
    for (calls, want) in rows::ALL.into_iter().flatten() {
        for (i, call) in calls.iter().enumerate() {
            // A mapping begins with a brace: no result looks like an error.
            let kind = want.split_once(": ").map_or("", |(kind, _)| kind);
            let is_kind =
                !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let failed = i + 1 == calls.len() && is_kind;
            seen.insert((notation::call(call).0, failed));
        }
    }
    for operation in OPERATIONS {
        assert!(
            seen.contains(&(operation.name.to_owned(), false)),
            "{operation}"
        );
        let can_fail = !operation.parameters.is_empty();
        assert_eq!(
            seen.contains(&(operation.name.to_owned(), true)),
            can_fail,
            "{operation}"
        );
    }
}

#[test]
fn every_operation() {
    rows::ALL.into_iter().for_each(check);
}

#[test]
fn what_the_user_is_told() {
    let (_, told) = make(&["info('a')", "warn('b')", "info('c')"]);
    assert_eq!(told, ["a", "c", "b"]);
    let (_, told) = make(&["enable('a')", "add_user('eve')"]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn signatures() {
    for (name, want) in [
        (
            "mkdir",
            "mkdir(path, mode=0o755, parents=True, exist_ok=True)",
        ),
        ("users", "users()"),
        (
            "write",
            "write(path, data, mode=None, owner=None, group=None, parents=False)",
        ),
        ("mknod", "mknod(path, type, major=0, minor=0, mode=0o600)"),
    ] {
        assert_eq!(find(name).unwrap().to_string(), want);
    }
}
