//! Questions, accounts and the system.

use super::Row;

pub(super) const ROWS: &[Row] = &[
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
    (
        &["remove('/etc/group')", "add_group('eve')"],
        "other: add_group: the image has no /etc/group; accounts can be added to an installed system only",
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
    (
        &["partitions()"],
        "[{number: 1, mount: '/boot/efi', type: 'esp', filesystem: 'vfat', label: None, \
         uuid: '1A2B-3C4D', partuuid: '11111111-0000-4000-8000-000000000001'}, \
         {number: 2, mount: '/', type: 'root', filesystem: 'ext4', label: 'root', \
         uuid: '22222222-0000-4000-8000-000000000002', \
         partuuid: '11111111-0000-4000-8000-000000000002'}, \
         {number: 3, mount: None, type: 'swap', filesystem: 'swap', label: None, \
         uuid: '22222222-0000-4000-8000-000000000003', \
         partuuid: '11111111-0000-4000-8000-000000000003'}]",
    ),
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
