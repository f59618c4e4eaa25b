//! Names, owners, modes, times, attributes.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    (&["mkdir('/srv/a', mode=0o2700)", "list('/srv')"], "['a']"),
    (&["mkdir('/home/a')", "list('/var/home')"], "['a']"),
    (&["mkdir('/lib')"], "None"),
    (
        &["mkdir('/lib', exist_ok=False)"],
        "exists: /lib exists already: it is a symlink",
    ),
    (
        &["mkdir('/srv/a', parents=False)"],
        "not_found: no such file in the image: /srv (on the way to /srv/a)",
    ),
    (
        &["mkdir('/etc/motd')"],
        "exists: /etc/motd exists already: it is a file",
    ),
    (
        &["mkdir('/etc/motd/a')"],
        "not_a_directory: /etc/motd is a file, not a directory",
    ),
    (
        &["symlink('/x/../\\xff', '/l')", "readlink('/l')"],
        "'/x/../\\xff'",
    ),
    (&["symlink('motd', '/etc/link')"], "None"),
    (
        &[
            "symlink('x', '/etc/link', force=True)",
            "readlink('/etc/link')",
        ],
        "'x'",
    ),
    (
        &["symlink('x', '/etc/link')"],
        "exists: /etc/link exists already: it is a symlink",
    ),
    (
        &[
            "link('/etc/motd', '/m')",
            "write('/m', 'x')",
            "read('/etc/motd')",
        ],
        "'x'",
    ),
    (
        &["link('/etc', '/e')"],
        "is_a_directory: /etc is a directory: it cannot have a hard link",
    ),
    (
        &["mknod('/null', 'char', 1, 3, mode='0666')", "stat('/null')"],
        "{type: 'char', mode: 438, uid: 0, gid: 0, user: 'root', group: 'root', size: 0, mtime: 864001, mtime_ns: 0, nlink: 1, major: 1, minor: 3, ino: 26}",
    ),
    (&["mknod('/f', 'fifo')", "is_file('/f')"], "False"),
    (
        &["mknod('/etc/motd', 'socket')"],
        "exists: /etc/motd exists already: it is a file",
    ),
    (
        &["rename('/etc/motd', '/m')", "exists('/etc/link')"],
        "False",
    ),
    (
        &["rename('/usr', '/usr/lib/x')"],
        "other: /usr cannot go into itself, to /usr/lib/x",
    ),
    (&["copy('/etc/link', '/l')", "readlink('/l')"], "'motd'"),
    (
        &[
            "copy('/usr/lib', '/l', recursive=True)",
            "read('/l/deep/b.conf')",
        ],
        "''",
    ),
    (
        &["copy('/usr/lib', '/l')"],
        "is_a_directory: copy: /usr/lib is a directory; give recursive=True to copy all that is in it",
    ),
    (&["remove('/etc/link')", "exists('/etc/motd')"], "True"),
    (
        &["remove('/usr', recursive=True)", "exists('/lib')"],
        "False",
    ),
    (&["remove('/nope', missing_ok=True)"], "None"),
    (
        &["remove('/nope')"],
        "not_found: no such file in the image: /nope",
    ),
    (
        &["remove('/usr')"],
        "not_empty: /usr is a directory with 1 entries; remove it recursively",
    ),
    (
        &["remove('/..', recursive=True)"],
        "other: /..: the path does not end in a name",
    ),
    (
        &["symlink('', '/l')"],
        "invalid: /l: the target of a symbolic link is empty",
    ),
    // Owner, mode, time, attributes.
    (
        &["chmod('/etc/link', 'u+x,go=')", "stat('/etc/motd')"],
        "{type: 'file', mode: 448, uid: 0, gid: 0, user: 'root', group: 'root', size: 12, mtime: 5, mtime_ns: 0, nlink: 1, major: 0, minor: 0, ino: 3}",
    ),
    (&["chmod('/usr', '700', recursive=True)"], "None"),
    (
        &["chmod('/usr', 'u+q')"],
        "invalid: chmod: `mode`: \"u+q\" is no mode; write it as in \"0644\" or \"u+x,go-w\"",
    ),
    (
        &["chmod('/etc/dangling', 0)"],
        "not_found: no such file in the image: /etc/new (on the way to /etc/dangling)",
    ),
    (
        &[
            "chown('/etc/link', 'uucp', follow=False)",
            "stat('/etc/link', follow=False)",
        ],
        "{type: 'symlink', mode: 511, uid: 10, gid: 0, user: 'uucp', group: 'root', size: 4, mtime: 5, mtime_ns: 0, nlink: 1, major: 0, minor: 0, ino: 4}",
    ),
    (
        &[
            "chown('/usr', '7', 'adm', recursive=True)",
            "stat('/usr/lib')",
        ],
        "{type: 'directory', mode: 493, uid: 7, gid: 4, user: None, group: 'adm', size: 0, mtime: 5, mtime_ns: 0, nlink: 4, major: 0, minor: 0, ino: 18}",
    ),
    (
        &["chown('/usr', group='nope')"],
        "other: the image's /etc/group has no group \"nope\"",
    ),
    (
        &["utime('/etc', -1, 999999999)", "stat('/etc')"],
        "{type: 'directory', mode: 493, uid: 0, gid: 0, user: 'root', group: 'root', size: 0, mtime: -1, mtime_ns: 999999999, nlink: 2, major: 0, minor: 0, ino: 2}",
    ),
    (
        &["utime('/nope', 0)"],
        "not_found: no such file in the image: /nope",
    ),
    (
        &[
            "setxattr('/etc', 'user.a', '\\x00\\xff')",
            "getxattr('/etc', 'user.a')",
        ],
        "'\\x00\\xff'",
    ),
    (
        &[
            "setxattr('/etc', 'user.b', '')",
            "setxattr('/etc', 'user.a', '')",
            "listxattr('/etc')",
        ],
        "['user.a', 'user.b']",
    ),
    (
        &[
            "setxattr('/etc/link', 'security.x', 'x', follow=False)",
            "listxattr('/etc/link')",
        ],
        "[]",
    ),
    (
        &[
            "setxattr('/etc', 'user.b', '')",
            "removexattr('/etc', 'user.b')",
            "listxattr('/etc')",
        ],
        "[]",
    ),
    (
        &["setxattr('/etc', 'b', '')"],
        "invalid: /etc: attribute \"b\" needs a name of at most 255 bytes in user., trusted., security. or system.",
    ),
    (
        &["getxattr('/etc', 'user.b')"],
        "other: /etc has no attribute \"user.b\"",
    ),
    (
        &["removexattr('/etc', 'user.b')"],
        "other: /etc has no attribute \"user.b\"",
    ),
    (
        &["listxattr('/nope')"],
        "not_found: no such file in the image: /nope",
    ),
];
