//! What `add_user` refuses, and how it says so.

use super::{KEY, add, debian};
use crate::kit::{image, read, show, step, value};

#[test]
fn refusals() {
    let too_many = value!(["a", "b", "c", "d", "e"]);
    for (users, message) in [
        (
            value!(["a b"]),
            "user name \"a b\" has ' '; letters, digits, `_`, `.` and `-` are allowed",
        ),
        (value!([""]), "user name \"\" is empty"),
        (value!(["a", {"name": "a"}]), "user \"a\" is listed twice"),
        (
            value!([(7_i64)]),
            "expected a user's name, or a mapping with `name`, found the number 7",
        ),
        (value!([{"nam": "a"}]), "unknown key `nam`"),
        (value!([{"uid": (7_i64)}]), "the key `name` is missing"),
        (
            value!([{"name": "a", "uid": (0_i64)}]),
            "uid 0 belongs to the user root",
        ),
        (
            value!([{"name": "a", "uid": (u32::MAX as i64)}]),
            "id 4294967295 stands for no user or group",
        ),
        (
            value!([{"name": "a", "uid": (65_535_i64)}]),
            "id 65535 stands for no user or group",
        ),
        (
            value!([{"name": "a", "gid": (65_535_i64)}]),
            "id 65535 stands for no user or group",
        ),
        (
            value!([{"name": "a", "gecos": "a\u{85}b"}]),
            "\"a\\u{85}b\" has a `:` or a control character",
        ),
        (
            value!([{"name": "a", "home": "/srv/../a"}]),
            "\"/srv/../a\" has `..` in it",
        ),
        (
            value!([{"name": "a", "shell": "/bin/../sh"}]),
            "\"/bin/../sh\" has `..` in it",
        ),
        (
            value!([{"name": "a", "uid": (-1_i64)}]),
            "expected a whole number from 0 to 4294967295, found the number -1",
        ),
        (
            value!([{"name": "sudo"}]),
            "the image has a group \"sudo\", with gid 27",
        ),
        (
            value!([{"name": "sudo", "gid": (7_i64)}]),
            "the group \"sudo\" has gid 27 already, not 7",
        ),
        (
            value!([{"name": "root", "uid": (7_i64)}]),
            "user \"root\" has uid 0 already, not 7",
        ),
        (
            value!([{"name": "root", "gid": (7_i64)}]),
            "user \"root\" has gid 0 already, not 7",
        ),
        (
            value!([{"name": "root", "home": "/"}]),
            "user \"root\" has the home /root already, not /",
        ),
        (
            too_many,
            "no id is left from 1000 to 1003 (UID_MIN, UID_MAX)",
        ),
        (
            value!([{"name": "a", "groups": ["a:b"]}]),
            "group name \"a:b\" has ':'; letters, digits, `_`, `.` and `-` are allowed",
        ),
        (
            value!([{"name": "a", "gecos": "a:b"}]),
            "\"a:b\" has a `:` or a control character",
        ),
        (
            value!([{"name": "a", "home": "/a\n"}]),
            "\"/a\\n\" has a `:` or a control character",
        ),
        (
            value!([{"name": "a", "home": "a"}]),
            "\"a\" is no absolute path in the image",
        ),
        (
            value!([{"name": "a", "home": "/etc/passwd"}]),
            "/etc/passwd is a file, not a directory",
        ),
        (
            value!([{"name": "a", "shell": "sh"}]),
            "\"sh\" is no absolute path in the image",
        ),
        (
            value!([{"name": "a", "password_hash": "secret"}]),
            "password_hash is not a hash as crypt(5) has it",
        ),
        (
            value!([{"name": "a", "password_hash": ""}]),
            "password_hash is not a hash as crypt(5) has it",
        ),
        (
            value!([{"name": "a", "password_hash": "$6$a:b$0123456789"}]),
            "password_hash is not a hash as crypt(5) has it",
        ),
        (
            value!([{"name": "a", "sudo": "yes"}]),
            "\"yes\" is no rule of sudoers(5): it ends where `=` should be",
        ),
        (
            value!([{"name": "a", "sudo": "ALL=ALL\nroot ALL=ALL"}]),
            "\"ALL=ALL\\nroot ALL=ALL\" is no rule of sudoers(5): it is not one line of text",
        ),
        (
            value!([{"name": "a", "ssh_authorized_keys": ["ssh-rsa x"]}]),
            "ssh key is cut or mistyped: its key is not base64",
        ),
        (
            value!([{"name": "sync", "home": "/bin", "ssh_authorized_keys": [KEY]}, {"name": "a", "create_home": false, "ssh_authorized_keys": [KEY]}]),
            "user \"a\" has no home /home/a for ssh keys",
        ),
    ] {
        let mut tree = debian();
        let before = show(&mut tree, "/");
        assert_eq!(add(&mut tree, users).unwrap_err().to_string(), message);
        assert_eq!(show(&mut tree, "/"), before, "{message}");
    }
    for file in [
        "/etc/passwd",
        "/etc/group",
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/subuid",
    ] {
        let mut tree = debian();
        let content = format!("# x\r\n{}", read(&tree, file));
        let other = value!({"files": [{"path": file, "content": (content.clone())}]});
        step(&mut tree, "files", &other).unwrap();
        let message = format!(
            "{file}: line 1 ends in CR LF, and programs take the CR for a part of it; end lines in \
             LF alone"
        );
        let refused = add(&mut tree, value!(["a"])).unwrap_err();
        assert_eq!(refused.to_string(), message);
        assert_eq!(read(&tree, file), content);
    }
    let no_list = step(&mut debian(), "add_user", &value!({}));
    assert_eq!(
        no_list.unwrap_err().to_string(),
        "the key `add_users` is missing"
    );
    let scratch = add(&mut image(&[]), value!(["a"]));
    assert_eq!(
        scratch.unwrap_err().to_string(),
        "the image has no /etc/passwd"
    );
}
