//! What files hold.

use super::Row;

pub(super) const ROWS: &[Row] = &[
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
    (&["read_bytes('/etc/motd', 4, 3)"], "'o\\nw'"),
    (&["read_bytes('/etc/motd', offset=9)"], "'ld\\n'"),
    (
        &["read_bytes('/etc/motd', offset=13, length=9223372036854775807)"],
        "''",
    ),
    (&["read_bytes('/etc/motd', length=0)"], "''"),
    (
        &["read_bytes('/etc/motd', -1)"],
        "invalid: read_bytes: `offset`: expected a whole number from 0, found the number -1",
    ),
    (
        &[
            "truncate('/etc/motd', 1099511627776)",
            "read_bytes('/etc/motd', 10, 4)",
        ],
        "'d\\n\\x00\\x00'",
    ),
    (
        &[
            "truncate('/etc/motd', 67108865)",
            "append('/etc/motd', 'x')",
            "read_bytes('/etc/motd', 67108863)",
        ],
        "'\\x00\\x00x'",
    ),
    (
        &["truncate('/etc/motd', 67108865)", "read('/etc/motd')"],
        "other: /etc/motd has 67108865 bytes; at most 67108864 can be read into memory; read_bytes with offset and length reads parts of a file; put, copy and rename take files of any size",
    ),
    (
        &["write_bytes('/etc/motd', 3, 'LO')", "read('/etc/link')"],
        "'helLO\\nworld\\n'",
    ),
    (
        &["write_bytes('/etc/motd', 14, '!')", "read('/etc/motd')"],
        "'hello\\nworld\\n\\x00\\x00!'",
    ),
    (
        &["write_bytes('/etc/dangling', 0, '!')"],
        "not_found: no such file in the image: /etc/new (on the way to /etc/dangling)",
    ),
    (
        &[
            "remove('/etc/motd')",
            "append({ino: 3}, '!')",
            "read({ino: 3})",
        ],
        "'hello\\nworld\\n!'",
    ),
    (
        &[
            "remove('/etc/motd')",
            "chmod({ino: 3}, 0o600)",
            "link({ino: 3}, '/etc/back')",
            "read('/etc/back')",
        ],
        "'hello\\nworld\\n'",
    ),
    (
        &["read({ino: 999})"],
        "not_found: no such file in the image: inode 999",
    ),
    (
        &["read({ino: -1})"],
        "invalid: read: `path`: expected a path, found a mapping",
    ),
    (
        &["remove({ino: 3})"],
        "other: inode 3: the path does not end in a name",
    ),
    (
        &["rename({ino: 3}, '/x')"],
        "other: inode 3: the path does not end in a name",
    ),
    (&["walk({ino: 20})"], "['/usr/lib/deep/b.conf']"),
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
        &["truncate('/etc', 1)"],
        "is_a_directory: /etc is a directory, not a file",
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
        "other: template: text:2: `b` is undefined",
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
        "other: template: text:1: it takes more than 10000000 steps (expressions and rounds of loops), the most that are allowed; loop over less, or write the file in a module of your own",
    ),
    (
        &["template('/t', text='a', source='b')"],
        "invalid: template: `text` and `source` are both given; leave one of them out",
    ),
    (
        &["template('/t')"],
        "not_found: no such file in the image: /t",
    ),
];
