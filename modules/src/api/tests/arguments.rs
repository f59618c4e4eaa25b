//! Arguments that do not fit.

use super::{check, make};

#[test]
fn counts_and_names() {
    check(&[
        (
            &["reed('/a')"],
            "invalid: unknown operation `reed`; did you mean `read`?",
        ),
        (&["xyzzy()"], "invalid: unknown operation `xyzzy`"),
        (&["read()"], "invalid: read: `path` is missing; read(path)"),
        (
            &["users(1)"],
            "invalid: users: 1 arguments; at most 0 are allowed; users()",
        ),
        (
            &["symlink('a', 'b', True, 1)"],
            "invalid: symlink: 4 arguments; at most 3 are allowed; symlink(target, path, force=False)",
        ),
        (
            &["symlink('a', 'b', forse=True)"],
            "invalid: symlink: unknown parameter `forse`; did you mean `force`? symlink(target, path, force=False)",
        ),
        (
            &["symlink('a', 'b', zz=True)"],
            "invalid: symlink: unknown parameter `zz`; symlink(target, path, force=False)",
        ),
        (
            &["read('/etc/motd', path='/etc/motd')"],
            "invalid: read: `path` is given twice",
        ),
        (&["read(path='/etc/motd')"], "'hello\\nworld\\n'"),
        (&["symlink(path='/a', target='b')", "readlink('/a')"], "'b'"),
    ]);
}

#[test]
fn paths_are_as_long_as_those_of_linux() {
    let longest = "/".repeat(4083) + "srv/deep/new";
    let made = [&*format!("mkdir('{longest}')"), "is_dir('/srv/deep/new')"];
    assert_eq!(make(&made).0, "True");
    let (refused, _) = make(&[&format!("mkdir('/{longest}')")]);
    let want = "other: mkdir: `path`: a path of 4096 bytes; at most 4095 are allowed";
    assert_eq!(refused, want);
}

#[test]
fn types() {
    check(&[
        (
            &["read(1)"],
            "invalid: read: `path`: expected a path, found the number 1",
        ),
        (
            &["read(None)"],
            "invalid: read: `path`: expected a path, found nothing",
        ),
        (
            &["read(1.5)"],
            "invalid: read: `path`: expected a path, found the number 1.5",
        ),
        (
            &["read('/etc/mo\\x00td')"],
            "invalid: read: `path`: \"/etc/mo\\x00td\" holds a NUL byte",
        ),
        (
            &["remove('/a', 'yes')"],
            "invalid: remove: `recursive`: expected true or false, found the text \"yes\"",
        ),
        (
            &["remove('/a', 1)"],
            "invalid: remove: `recursive`: expected true or false, found the number 1",
        ),
        (
            &["write('/a', [])"],
            "invalid: write: `data`: expected a text or bytes, found a list",
        ),
        (
            &["write('/a', '', mode='u+x')"],
            "invalid: write: `mode`: expected a mode such as 0o644 or \"0644\", found the text \"u+x\"",
        ),
        (
            &["write('/a', '', mode=0o10000)"],
            "invalid: write: `mode`: expected a mode such as 0o644 or \"0644\", found the number 4096",
        ),
        (
            &["write('/a', '', mode=-1)"],
            "invalid: write: `mode`: expected a mode such as 0o644 or \"0644\", found the number -1",
        ),
        (
            &["chown('/a', 4294967295)"],
            "invalid: chown: `user`: expected a name or an id from 0 to 4294967294, found the number 4294967295",
        ),
        (
            &["chown('/a', '4294967295')"],
            "invalid: chown: `user`: expected a name or an id from 0 to 4294967294, found the text \"4294967295\"",
        ),
        (
            &["mknod('/a', 'pipe')"],
            "invalid: mknod: `type`: expected one of \"char\", \"block\", \"fifo\", \"socket\", found the text \"pipe\"",
        ),
        (
            &["mknod('/a', 'char', 4096)"],
            "invalid: mknod: `major`: expected a whole number from 0 to 4095, found the number 4096",
        ),
        (
            &["truncate('/a', -1)"],
            "invalid: truncate: `size`: expected a whole number from 0, found the number -1",
        ),
        (
            &["utime('/a', None)"],
            "invalid: utime: `mtime`: expected a whole number, found nothing",
        ),
        (
            &["add_user('a', groups=['b', 1])"],
            "invalid: add_user: `groups`, item 2: expected a text, found the number 1",
        ),
        (
            &["template('/a', 'x', vars=[])"],
            "invalid: template: `vars`: expected a mapping, found a list",
        ),
        (
            &["add_user('a', sudo=1)"],
            "invalid: add_user: `sudo`: expected true, false or a text, found the number 1",
        ),
        (
            &["add_user('a', gecos='\\xff')"],
            "invalid: add_user: `gecos`: byte 0 begins no character of UTF-8",
        ),
    ]);
}
