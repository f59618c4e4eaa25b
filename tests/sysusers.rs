//! Accounts of drop-ins: the module and `systemd-sysusers --root` make the same files.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::beside::{Beside, NOW, Seen};
use crate::kit::{run, tool};

type Files = &'static [(&'static str, &'static str)];

const DEBIAN: Files = &[
    ("usr/lib/systemd/systemd", ""),
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         games:x:5:60:games:/usr/games:/usr/sbin/nologin\n_apt:x:42:65534::/nonexistent:/bin/false\n",
    ),
    (
        "etc/shadow",
        "root:*:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\nleft:secret:19000:0:99999:7:::\n",
    ),
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\nadm:x:4:syslog,daemon\nsudo:x:27:\ngames:x:60:\nn998:x:998:\n\
         nogroup:x:65534:\n",
    ),
    (
        "etc/gshadow",
        "root:*::\ndaemon:*::\nadm:*::daemon\nsudo:*::\ngames:*::\nn998:!::\nnogroup:*::\n",
    ),
    ("etc/login.defs", "UID_MIN 1000\n#SYS_UID_MIN 101\n"),
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    ("bin/bash", ""),
];

/// Nothing but what says how accounts are to be made.
const EMPTY: Files = &[
    ("usr/lib/systemd/systemd", ""),
    ("etc/", ""),
    ("bin/sh", ""),
];

const SUSE: Files = &[
    ("usr/lib/systemd/systemd", ""),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n+::::::\n"),
    ("etc/shadow", "root:!:19700::::::\n+::::::::\n"),
    ("etc/group", "root:x:0:\nwheel:x:10:\n+:::\n"),
    ("etc/gshadow", "root:!::\nwheel:!::\n"),
];

/// Drop-ins: a name and its lines.
const ROWS: &[Files] = &[
    &[("a", "u web - \"Web server\" /srv/web /bin/sh")],
    &[(
        "a",
        "u web 480\nu db 481 \"\" /var/lib/db\ng data 482\ng more -\nm web data\nm web adm",
    )],
    &[("a", "u web 5\nu two 60\nu three 27\ng four 1\ng five 60")],
    &[
        ("b", "u web 481\nu root 0 \"Again\""),
        ("a", "# first\n\n u web 480 \n"),
    ],
    &[("a", "u one -\nu two -\nu three -\ng four -\nu five -")],
    &[(
        "a",
        "m alice web\nm bob web\nm alice adm\nm games sudo\nm new nobodys",
    )],
    &[(
        "a",
        "u web 480:games\nu db -:sudo\nu far 490:27\nu off 491:77\nu gone 492:none",
    )],
    &[("a", "g own 480\nu web 481:own\nu db -:web\nu web2 -:db")],
    &[("a", "u like /srv/dir\ng alike /srv/dir\nu none /nowhere")],
    &[(
        "a",
        "r - 300-305\nr - 400\nr - 303-310\nu a -\nu b -\ng c -\ng d -\nu e 1",
    )],
    &[("a", "r - 300-301\nu a -\nu b -\nu c -\ng d -")],
    &[("a", "u left -\nu games -\nu _apt -\nu nogroup -")],
    &[("a", "u web 480 \"%o %w\" /srv/%o%w\nu %o-x 481\nu p%% 482")],
    &[(
        "a",
        "u web%z -\nz web -\nu\nu web - a b c d\nu 1web -\nu we.b -\nu web - \"a:b\"\nu ok 480",
    )],
    &[(
        "a",
        "u web 65535\nu w2 4294967295\nu w3 007\nu w4 +1\ng g1 -1\nr - 5-4\nr a 5-6\nm web\nu w5 480",
    )],
    &[(
        "a",
        "u web - - srv/web\nu w2 - - /srv/../web\nu w3 - - /srv//web/./x/\nu w4 - - - //bin/sh",
    )],
    &[(
        "a",
        "u 'web' \"480\" 'A \"web\" server'\nu w\\eb2 481 a\\ b\nu broken 482 \"",
    )],
    &[("a", "g web 480 - - -\ng w2 481 text\nm web w3 x\nu web - -")],
    &[(
        "a",
        "u web 480\nu web 480\nu web 481\ng data 5\ng data 6\nm web data\nm web data",
    )],
    &[("a", "g n998 998\nu n998 998\nu x998 998\nu x999 999")],
    &[("a", "u rootlike 0\nu root 0 Root /root")],
    &[("a", "u toor 0 - /root /bin/zsh")],
];

#[test]
fn systemd_makes_the_same_accounts() {
    for (system, every) in [(DEBIAN, 1), (EMPTY, 3), (SUSE, 3)] {
        for row in ROWS.iter().step_by(every) {
            let drop_ins = row.iter();
            let drop_ins =
                drop_ins.map(|(name, text)| (format!("usr/lib/sysusers.d/{name}.conf"), *text));
            let drop_ins: Vec<_> = drop_ins.collect();
            let mut files = system.to_vec();
            files.push(("srv/dir/", ""));
            files.extend(drop_ins.iter().map(|(path, text)| (&**path, *text)));
            let mut both = Beside::new("sysusers", &files);
            let ours = both.step("sysusers", &[]).unwrap();
            both.step("sysusers", &[]).unwrap();
            assert_eq!(both.changes(), [], "the second time: {row:?}");
            let mut root = OsString::from("--root=");
            root.push(both.work.path());
            let time = NOW.to_string();
            let theirs = run(tool("systemd-sysusers")
                .arg(root)
                .env("SOURCE_DATE_EPOCH", time));
            let (our_files, their_files) = (both.ours(), both.theirs());
            for file in ["passwd", "shadow", "group", "gshadow"] {
                let text = |files: &BTreeMap<String, Seen>| {
                    let seen = files.get(&format!("/etc/{file}"))?;
                    Some((seen.what.replace("\\n", "\n"), seen.mode))
                };
                let (ours_text, theirs_text) = (text(&our_files), text(&their_files));
                assert!(
                    ours_text == theirs_text,
                    "{file} of {row:?}:\nours {ours_text:?}\ntheirs {theirs_text:?}\n{:#?} {theirs:#?}",
                    ours.warnings
                );
            }
        }
    }
}
