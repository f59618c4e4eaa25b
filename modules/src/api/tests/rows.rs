//! Every operation at work and failing: calls, and the result of the last one.

/// Calls on the sample, the last of which gives the text behind them.
pub(super) const ROWS: &[(&[&str], &str)] = &[
    // Content.
    (&["read('/etc/motd')"], "'hello\\nworld\\n'"),
    (&["read('etc/link')"], "'hello\\nworld\\n'"),
    (&["read('/../../etc/absolute')"], "'hello\\nworld\\n'"),
    (&["read('/etc/out')"], "'hello\\nworld\\n'"),
    (
        &["read('/etc/dangling')"],
        "not_found: no such file in the image: /etc/new (on the way to /etc/dangling)",
    ),
    (
        &["read('/etc/loop')"],
        "loop: /etc/loop: more than 40 symbolic links on the way",
    ),
    (
        &["read('/etc')"],
        "is_a_directory: /etc is a directory, not a file",
    ),
    (
        &["read('/etc/motd/x')"],
        "not_a_directory: /etc/motd/x: /etc/motd is not a directory",
    ),
    (
        &["write('/\\xff', '\\xfe')", "read_bytes('/\\xff')"],
        "'\\xfe'",
    ),
    (
        &["read_bytes('/nope')"],
        "not_found: no such file in the image: /nope",
    ),
    (&["lines('/etc/motd')"], "['hello', 'world']"),
    (&["lines('/etc/crlf')"], "['a', 'b']"),
    (&["lines('/bin/sh')"], "[]"),
    (
        &["lines('/lib')"],
        "is_a_directory: /lib is a directory, not a file",
    ),
    (&["write('/etc/motd', 'x')"], "None"),
    (
        &[
            "write('/a/b', 'x', mode='4711', owner='uucp', group=7, parents=True)",
            "stat('/a/b')",
        ],
        "{type: 'file', mode: 2505, uid: 10, gid: 7, user: 'uucp', group: None, size: 1, mtime: 864001, mtime_ns: 0, nlink: 1, major: 0, minor: 0, ino: 27}",
    ),
    (
        &["write('/a/b', 'x')"],
        "not_found: no such file in the image: /a (on the way to /a/b)",
    ),
    (
        &["write('/etc/motd', 'x', owner='eve')"],
        "other: the image's /etc/passwd has no user \"eve\"",
    ),
    (
        &["write('/etc/motd', 'x', owner='')"],
        "invalid: write: `owner`: expected a name or an id from 0 to 4294967294, found the text \"\"",
    ),
    (
        &["append('/etc/motd', '!')", "read('/etc/motd')"],
        "'hello\\nworld\\n!'",
    ),
    (&["append('/etc/new', '!')", "read('/etc/dangling')"], "'!'"),
    (
        &["append('/etc', '!')"],
        "is_a_directory: /etc is a directory, not a file",
    ),
    (
        &[
            "put('conf/a', '/srv/a', mode=0o600, parents=True)",
            "read('/srv/a')",
        ],
        "'from the host'",
    ),
    (
        &["put('conf/b', '/etc/motd')"],
        "other: host file conf/b: entity not found",
    ),
    (&["replace('/etc/motd', 'l', 'L')"], "3"),
    (
        &[
            "replace('/etc/motd', 'l', 'L', count=2)",
            "read('/etc/motd')",
        ],
        "'heLLo\\nworld\\n'",
    ),
    (
        &["replace('/etc/motd', 'l', 'll')", "read('/etc/motd')"],
        "'hellllo\\nworlld\\n'",
    ),
    (&["replace('/etc/motd', 'x', 'y', missing_ok=True)"], "0"),
    (&["replace('/etc/motd', '', 'y', missing_ok=True)"], "0"),
    (
        &["replace('/etc/motd', 'x', 'y')"],
        "other: replace: /etc/motd does not hold \"x\"; give missing_ok=True if it need not",
    ),
    (
        &["edit_line('/etc/motd', '^hel', 'bye')", "read('/etc/motd')"],
        "'bye\\nworld\\n'",
    ),
    (&["edit_line('/etc/motd', '^hel', 'hello')"], "False"),
    (&["edit_line('/etc/motd', '^x', '$1 x')"], "True"),
    (
        &[
            "edit_line('/etc/motd', '^x', 'y')",
            "edit_line('/etc/motd', '^x', 'y')",
        ],
        "False",
    ),
    (
        &[
            "edit_line('/etc/motd', '^x', 'x', insert_after='^h')",
            "lines('/etc/motd')",
        ],
        "['hello', 'x', 'world']",
    ),
    (
        &[
            "edit_line('/etc/motd', '^x', 'x', insert_after='^z')",
            "lines('/etc/motd')",
        ],
        "['hello', 'world', 'x']",
    ),
    (
        &["edit_line('/etc/motd', 'o', 'x')", "read('/etc/motd')"],
        "'x\\nx\\n'",
    ),
    (
        &["edit_line('/etc/crlf', '^b$', 'c')", "read('/etc/crlf')"],
        "'a\\r\\nc'",
    ),
    (
        &["edit_line('/etc/crlf', '^c$', 'c')", "read('/etc/crlf')"],
        "'a\\r\\nb\\nc\\n'",
    ),
    (
        &["edit_line('/bin/sh', '^x', 'x')", "read('/bin/sh')"],
        "'x\\n'",
    ),
    (
        &["write('/b', '\\xff\\n')", "edit_line('/b', '^.$', 'x')"],
        "True",
    ),
    (
        &["edit_line('/etc/motd', 'a(', 'x')"],
        "invalid: regular expression \"a(\": unclosed group",
    ),
    (
        &["edit_line('/etc/motd', '^x', 'a\\x0ab')"],
        "invalid: /etc/motd: the line to write has a line end in it",
    ),
    (
        &["edit_line('/nope', '^x', 'x')"],
        "not_found: no such file in the image: /nope",
    ),
    (&["truncate('/etc/motd', 3)", "read('/etc/motd')"], "'hel'"),
    (
        &["truncate('/etc/motd', 14)", "read('/etc/motd')"],
        "'hello\\nworld\\n\\x00\\x00'",
    ),
    (
        &["truncate('/etc/motd', 67108865)"],
        "other: /etc/motd has 67108865 bytes; at most 67108864 can be read into memory",
    ),
    (
        &[
            "template('/t', text='{{ a }}-{{ b.c[0] }}\\x0a', vars={a: 1, b: {c: ['x']}})",
            "read('/t')",
        ],
        "'1-x\\n'",
    ),
    (
        &[
            "template('/t', text='{% for i in l %}\\x0a  {{ i }}\\x0a{% endfor %}\\x0aend', vars={l: [1, 2]})",
            "read('/t')",
        ],
        "'  1\\n  2\\nend'",
    ),
    (
        &[
            "template('/t.html', text='{{ a }}', vars={a: '<&'})",
            "read('/t.html')",
        ],
        "'<&'",
    ),
    (
        &[
            "template('/t', source='conf/t.j2', vars={a: 'x'})",
            "read('/t')",
        ],
        "'x\\n'",
    ),
    (
        &[
            "write('/t', '{{ a }}!')",
            "template('/t', vars={a: 1.5}, mode=0o600)",
            "read('/t')",
        ],
        "'1.5!'",
    ),
    (
        &["template('/t', text='a\\x0a{{ b }}')"],
        "other: template: text:2: undefined value",
    ),
    (
        &["template('/t', text='{% if %}')"],
        "other: template: text:1: syntax error: unexpected end of block",
    ),
    (
        &["template('/t', text='\\xff')"],
        "other: template: text is not UTF-8 text: byte 0 begins no character",
    ),
    (
        &[
            "template('/t', text='{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}')",
        ],
        "other: template: text:1: engine ran out of fuel",
    ),
    (
        &["template('/t', text='a', source='b')"],
        "invalid: template: `text` and `source` are both given; leave one of them out",
    ),
    (
        &["template('/t')"],
        "not_found: no such file in the image: /t",
    ),
    // Names.
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
    // Questions.
    (&["exists('/etc/link')"], "True"),
    (&["exists('/etc/dangling')"], "False"),
    (
        &["exists('/a\\x00')"],
        "invalid: exists: `path`: \"/a\\x00\" holds a NUL byte",
    ),
    (&["is_file('/etc/loop')"], "False"),
    (
        &["is_file(1)"],
        "invalid: is_file: `path`: expected a path, found the number 1",
    ),
    (&["is_dir('/lib')"], "True"),
    (
        &["is_dir(1)"],
        "invalid: is_dir: `path`: expected a path, found the number 1",
    ),
    (&["is_link('/etc/dangling')"], "True"),
    (
        &["is_link(1)"],
        "invalid: is_link: `path`: expected a path, found the number 1",
    ),
    (&["readlink('/lib')"], "'usr/lib'"),
    (
        &["readlink('/etc')"],
        "other: /etc is a directory, not a symlink",
    ),
    (
        &["stat('/etc/loop')"],
        "loop: /etc/loop: more than 40 symbolic links on the way",
    ),
    (
        &["stat('/..', follow=False)"],
        "{type: 'directory', mode: 493, uid: 0, gid: 0, user: 'root', group: 'root', size: 0, mtime: 5, mtime_ns: 0, nlink: 5, major: 0, minor: 0, ino: 1}",
    ),
    (&["list('/lib')"], "['a.conf', 'deep', 'systemd']"),
    (
        &["list('/etc/motd')"],
        "not_a_directory: /etc/motd is a file, not a directory",
    ),
    (
        &["walk('/lib')"],
        "['/lib/a.conf', '/lib/deep', '/lib/deep/b.conf', '/lib/systemd', '/lib/systemd/system', '/lib/systemd/system/a.service']",
    ),
    (
        &["walk('/nope')"],
        "not_found: no such file in the image: /nope",
    ),
    (
        &["glob('/usr/**/*.conf')"],
        "['/usr/lib/a.conf', '/usr/lib/deep/b.conf']",
    ),
    (&["glob('/nope/*')"], "[]"),
    (
        &["glob('a\\x00*')"],
        "invalid: glob: `pattern`: \"a\\x00*\" holds a NUL byte",
    ),
    // Accounts.
    (
        &["user('uucp')"],
        "{name: 'uucp', uid: 10, gid: 14, gecos: '', home: '/var', shell: '/bin/false'}",
    ),
    (&["user('eve')"], "None"),
    (
        &["user(10)"],
        "invalid: user: `name`: expected a text, found the number 10",
    ),
    (
        &["users()"],
        "[{name: 'root', uid: 0, gid: 0, gecos: 'root', home: '/root', shell: '/bin/sh'}, {name: 'uucp', uid: 10, gid: 14, gecos: '', home: '/var', shell: '/bin/false'}]",
    ),
    (
        &["group('adm')"],
        "{name: 'adm', gid: 4, members: ['root', 'uucp']}",
    ),
    (&["group('eve')"], "None"),
    (
        &["group()"],
        "invalid: group: `name` is missing; group(name)",
    ),
    (
        &["groups()"],
        "[{name: 'root', gid: 0, members: []}, {name: 'adm', gid: 4, members: ['root', 'uucp']}, {name: 'uucp', gid: 14, members: []}]",
    ),
    (
        &[
            "add_user('eve', uid=1007, groups=['adm'], create_home=False)",
            "user('eve')",
        ],
        "{name: 'eve', uid: 1007, gid: 1007, gecos: '', home: '/home/eve', shell: '/bin/sh'}",
    ),
    (
        &[
            "add_user('eve', uid=1007, groups=['adm'], create_home=False)",
            "group('adm')",
        ],
        "{name: 'adm', gid: 4, members: ['root', 'uucp', 'eve']}",
    ),
    (
        &["add_user('eve', system=True, sudo=False)", "user('eve')"],
        "{name: 'eve', uid: 999, gid: 999, gecos: '', home: '/home/eve', shell: '/bin/sh'}",
    ),
    (
        &["add_user('e:e')"],
        "invalid: user name \"e:e\" has ':'; letters, digits, `_`, `.` and `-` are allowed",
    ),
    (
        &["add_user('eve', uid=10)"],
        "invalid: uid 10 belongs to the user uucp",
    ),
    (
        &["add_user('eve', sudo=True)"],
        "invalid: user \"eve\" cannot use sudo: the image does not have it; add sudo to the image in an earlier step, or leave `sudo` out",
    ),
    (&["add_group('eve')"], "1000"),
    (
        &["add_group('eve', system=True)", "group('eve')"],
        "{name: 'eve', gid: 999, members: []}",
    ),
    (&["add_group('eve', gid=7)", "add_group('eve')"], "7"),
    (
        &["add_group('eve', gid=4)"],
        "other: add_group: gid 4 belongs to the group adm",
    ),
    (
        &["add_group('adm', gid=5)"],
        "other: add_group: the group \"adm\" has gid 4 already, not 5",
    ),
    (
        &["add_group('-x')"],
        "invalid: add_group: `name`: \"-x\" starts with `-`, which programs take for an option",
    ),
    // The system.
    (
        &["enable('a')"],
        "['/etc/systemd/system/multi-user.target.wants/a.service']",
    ),
    (&["enable('a')", "enable('a')"], "[]"),
    (
        &["enable('b')"],
        "not_found: the image has no unit b.service",
    ),
    (
        &["enable('a')", "disable('a')"],
        "['/etc/systemd/system/multi-user.target.wants/a.service']",
    ),
    (
        &["disable('b')"],
        "not_found: the image has no unit b.service",
    ),
    (&["mask('a')"], "True"),
    (
        &["mask('a')", "enable('a')"],
        "other: unit a.service is masked by /etc/systemd/system/a.service",
    ),
    (
        &["mask('a/b')"],
        "invalid: \"a/b.service\" is no name of a unit: it is a path; units are found by name",
    ),
    (&["mask('a')", "unmask('a')"], "True"),
    (&["unmask('a')"], "False"),
    (
        &["unmask('')"],
        "invalid: \".service\" is no name of a unit: it is empty",
    ),
    (&["os_release()"], "{ID: 'debian', VERSION_ID: '12'}"),
    (&["info('x')"], "None"),
    (
        &["info()"],
        "invalid: info: `message` is missing; info(message)",
    ),
    (&["warn('x')"], "None"),
    (
        &["warn([])"],
        "invalid: warn: `message`: expected a text, found a list",
    ),
];
