use crate::kit::{image, step, value};
use crate::value::Value;

fn found(item: Value) -> Option<String> {
    let mut tree = image(&[
        (
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/:/bin/sh\n",
        ),
        ("/etc/group", "root:x:0:\nweb:x:33:\n"),
        ("/etc/motd", "hello\nworld\n"),
        ("/etc/link@", "motd"),
        ("/etc/dangling@", "nope"),
        ("/etc/d/", ""),
    ]);
    match step(&mut tree, "assert", &value!({"assert": [(item)]})) {
        Ok(done) => {
            assert_eq!(done.changes, []);
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn what_holds() {
    for item in [
        value!({"path": "/etc/motd"}),
        value!({"path": "etc/motd", "type": "file", "mode": "0644", "user": "root", "group": 0_i64}),
        value!({"path": "/etc/motd", "min_size": 12_i64, "max_size": 12_i64}),
        value!({"path": "/etc/motd", "matches": "^world$", "lacks": "^worl$"}),
        value!({"path": "/etc/link", "mode": "0644", "type": "symlink", "target": "motd"}),
        value!({"path": "/etc/dangling", "type": "symlink", "target": "nope"}),
        value!({"path": "/etc/d/"}),
        value!({"path": "/etc/d", "type": "directory", "mode": "0755"}),
        value!({"path": "/etc/[mp]*", "user": 0_i64, "absent": false}),
        value!({"path": "/etc/none", "absent": true}),
        value!({"path": "/etc/*.rej", "absent": true}),
    ] {
        assert_eq!(found(item), None);
    }
}

#[test]
fn what_does_not() {
    for (item, message) in [
        (value!({"path": "/etc/none"}), "the image has no /etc/none"),
        (
            value!({"path": "/etc/motd/"}),
            "/etc/motd is a file, not a directory",
        ),
        (value!({"path": "/etc/x*"}), "the image has no /etc/x*"),
        (
            value!({"path": "/etc/m*", "absent": true}),
            "/etc/motd is there",
        ),
        (
            value!({"path": "/etc/dangling", "absent": true}),
            "/etc/dangling is there",
        ),
        (
            value!({"path": "/etc/dangling"}),
            "/etc/dangling is a link that leads nowhere",
        ),
        (
            value!({"path": "/etc/dangling", "type": "symlink", "mode": "0777"}),
            "/etc/dangling is a link that leads nowhere",
        ),
        (
            value!({"path": "/etc/d", "type": "file"}),
            "/etc/d is a directory, not a file",
        ),
        (
            value!({"path": "/etc/motd", "mode": "4644"}),
            "/etc/motd has mode 0644, not 4644",
        ),
        (
            value!({"path": "/etc/motd", "user": "web"}),
            "/etc/motd belongs to uid 0, not 33",
        ),
        (
            value!({"path": "/etc/motd", "group": "web"}),
            "/etc/motd belongs to gid 0, not 33",
        ),
        (
            value!({"path": "/etc/motd", "user": "nobody"}),
            "the image's /etc/passwd has no user \"nobody\"",
        ),
        (
            value!({"path": "/etc/motd", "min_size": 13_i64}),
            "/etc/motd has 12 bytes, fewer than 13",
        ),
        (
            value!({"path": "/etc/motd", "max_size": 11_i64}),
            "/etc/motd has 12 bytes, more than 11",
        ),
        (
            value!({"path": "/etc/d", "max_size": 1_i64}),
            "/etc/d is a directory, which has no content",
        ),
        (
            value!({"path": "/etc/motd", "matches": "^ello"}),
            "/etc/motd has nothing that \"^ello\" finds",
        ),
        (
            value!({"path": "/etc/motd", "lacks": "^w"}),
            "/etc/motd has what \"^w\" finds, in line 2",
        ),
        (
            value!({"path": "/etc/link", "target": "/etc/motd"}),
            "/etc/link leads to motd, not to /etc/motd",
        ),
        (
            value!({"path": "/etc/motd", "target": "x"}),
            "/etc/motd is a file, not a symlink",
        ),
        // Mistakes of the recipe itself.
        (value!({"path": ""}), "the path is empty"),
        (
            value!({"path": "/x", "absent": true, "mode": "0644"}),
            "`absent` leaves nothing to look at",
        ),
        (
            value!({"path": "/x", "min_size": 2_i64, "max_size": 1_i64}),
            "no file has 2 bytes and more, but at most 1",
        ),
        (
            value!({"path": "/x", "matches": "("}),
            "regular expression \"(\": unclosed group",
        ),
        (
            value!({"path": "/x", "type": "link"}),
            "expected one of file, directory, symlink, block-device, char-device, fifo, socket, \
             found the string \"link\"",
        ),
    ] {
        assert_eq!(found(item).as_deref(), Some(message));
    }
}

#[test]
fn a_step_asks_for_something() {
    let items: Vec<Value> = Vec::new();
    let message = crate::kit::refusal(&[], "assert", &value!({"assert": items}));
    assert_eq!(message, "the step has nothing to do");
}
