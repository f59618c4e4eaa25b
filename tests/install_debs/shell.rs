//! Scripts of small commands: what is done to the tree is what the shell and its programs do.

use std::fs;
use std::path::Path;

use super::build::{Deb, NOW, build, dpkg_installs, installed, system};
use crate::install_rpms::scripts::{furnish, quiet};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, run, tool};

/// Scripts that are done; each has a folder of its own for `@`.
const DONE: &[&str] = &[
    // What a program's path is depends on the image.
    "[ -n \"$(command -v no-such)\" ] || [ ! -x \"$(command -v no-such)\" ] && touch @/f",
    "if [ -z \"$(command -v no-such)\" ]; then touch @/f; fi",
    "if [ -x \"$(command -v chroot)\" -a -n \"$(command -v cat)\" ]; then touch @/f; fi",
    // What the shell does by itself needs no program.
    "command -v cd && touch @/f",
    "command -v umask || touch @/f",
    "command -v trap && command -v if && command -v eval && command -v getopts && touch @/f",
    // It is a file that can be run, in any of the folders where root looks for programs.
    "touch /usr/bin/no-run; command -v no-run || touch @/f; which no-run || touch @/g",
    "mkdir -p /usr/local/bin; ln -s /bin/cat /usr/local/bin/local-cat; command -v local-cat && touch @/f",
    // chown takes rights away, but not those of directories.
    "touch @/f; chmod 4755 @/f; chown 1:1 @/f",
    "touch @/f; chmod 6755 @/f; chown ada @/f; chmod 1644 @/f",
    "touch @/f; chmod 6745 @/f; chown root:mail @/f",
    "touch @/f; chmod 2755 @/f; chown root @/f",
    "mkdir @/d; chmod 6755 @/d; chown 1:1 @/d",
    "ln -s f @/l; touch @/f; chmod 4711 @/f; chown 1:1 @/l",
    // chmod leaves setuid and setgid of directories.
    "mkdir @/d; chmod 2775 @/d; touch @/d/x; mkdir @/d/e; chmod 755 @/d @/d/e",
    "mkdir @/d; chmod 6775 @/d; chmod 0755 @/d",
    "mkdir @/d; chmod 6775 @/d; chmod 00755 @/d",
    "mkdir @/d; chmod 4775 @/d; chmod 2755 @/d; chmod 1755 @/d",
    "touch @/f; chmod 6775 @/f; chmod 0755 @/f",
    "mkdir @/d; chown root:mail @/d; chmod 2775 @/d; mkdir -p @/d/e/f; mkdir -m 700 @/d/g; ln -s x @/d/l",
    // Links that lead to directories, or nowhere.
    "mkdir @/d; ln -sfn /nowhere @/d; ln -s other @/d/ ; ln -s other @/d || touch @/fails",
    "mkdir @/d; ln -s d @/l; ln -sf foo @/l; ln -s /x/bar/ @/l; ln -sfn baz @/l; ln -snf qux @/new",
    "mkdir -p @/d/foo @/e; ln -sf foo @/d || touch @/fails; ln -sf .. @/e || touch @/fails-too",
    "ln -s new @/l; mkdir -p @/l || touch @/fails; mkdir -p @/l/x || touch @/fails-too",
    "ln -s new @/l; touch @/l; mkdir -p @/new/x || touch @/fails",
    "mkdir @/d; ln -s d @/l; mkdir -p @/l/x/y/ @/d//z; mkdir @/l || touch @/fails",
    "touch @/no/x || touch @/f1; ln -s a @/no/x || touch @/f2; mkdir @/no/x || touch @/f3",
    "touch @/f; touch @/f/x || touch @/f1; ln -s a @/f/x || touch @/f2; mkdir -p @/f/x || touch @/f3",
    "touch @/f/ || touch @/f1; ln -s a @/l/ || touch @/f2; mkdir @/d/ && touch @/f3",
    "mkdir @/d; ln -s d @/l; rm -rf @/l/ || touch @/f1; rmdir @/l || touch @/f2; rmdir @/d/",
    "mkdir @/d; touch @/d/x @/f; ln -s d @/l; rm -f @/l/ || touch @/f1; rm -rf @/l/; rm -rf @/f/; rm @/f/ || touch @/f2",
    "ln -s no @/l; rm -f @/l/ || touch @/f1; rm @/l/ || touch @/f2; mkdir -p @/d/e; rm -rf @/d/ @/d/",
    "mkdir @/d @/e; touch @/e/x; rm -f @/d || touch @/f1; rm -f @/no/x; rmdir @/e || touch @/f2; rm -rf @/e",
    // Names that change: into directories, over others, and not at all.
    "touch @/a @/b; chmod 600 @/a; mv -f @/a @/b && touch @/f1; mv @/a @/c || touch @/f2; mv -f @/b @/new",
    "mkdir @/d @/e; touch @/d/x; mv @/d @/e && touch @/f1; mv -f @/e @/g; mv @/g @/g || touch @/f2; mv @/g @/g/e || touch @/f3",
    "mkdir -p @/d/x @/x @/e/x; touch @/d/x/y @/z; mv -f @/x @/d || touch @/f1; mv @/x @/e && touch @/f2; mv @/z @/no/z || touch @/f3",
    "mkdir -p @/d @/e/z; touch @/z; ln -s d @/l; ln -s no @/m; mv -f @/z @/e || touch @/f1; mv @/z @/l; mv @/l @/m; mv -f @/d/z @/d/z || touch @/f2",
    "touch @/a; ln -s a @/l; mv @/l @/a && touch @/f1; mkdir @/d; touch @/b; ln -s d @/k; mv -f @/k @/d; mv @/d @/b || touch @/f2",
    // A link never takes the place of its own target.
    "touch @/f; ln -sf @/f @/f || touch @/f1; mkdir @/d; ln -sf @/d/f @/d/f",
    "touch @/f; ln -s @/f @/l; ln -sf @/l @/l && touch @/f1; ln -sf @/l @/f && touch @/f2",
    "mkdir @/d; ln -s d @/e; touch @/d/x; ln -sf @/d/x @/e/x || touch @/f1; ln -sf @/e/x @/d || touch @/f2",
    "[ 1 = 1 -o 1 = 1 ] && touch @/f1; [ 1 = 1 -a ! -e @/no ] && touch @/f2; [ -s @ ] && touch @/f3",
    "if [ -e @/no ]; then D=/opt; fi; A=@; touch $A/f; if [ -e @ ]; then :; fi; B=@/b; touch $B",
    "update-alternatives --install /usr/bin/al3 al3 /bin/cat 50; update-alternatives --install /usr/bin/al3b al3 /bin/rm 60 && touch @/f",
    "update-alternatives --install /usr/bin/al4 al4 /bin/cat 50; update-alternatives --install /usr/bin/al4 al4x /bin/rm 60 || touch @/f",
    "update-alternatives --install /usr/nodir/al6 al6 /bin/cat 5 || touch @/f",
    // Names and links of others, folders that are not there, links that move or were made by hand.
    "update-alternatives --install /usr/bin/am1 am1 /bin/cat 5 --slave /usr/bin/am1b am1b /bin/rm; update-alternatives --install /usr/bin/am1c am1b /bin/ln 5 || touch @/f",
    "update-alternatives --install /usr/bin/am2 am2 /bin/cat 5 --slave /usr/bin/am1 am2b /bin/rm || touch @/f",
    "update-alternatives --install /usr/bin/am3 am3 /bin/cat 5 --slave /usr/bin/am3b am1b /bin/rm || touch @/f",
    "update-alternatives --install /usr/bin/am4 am4 /bin/cat 5 --slave /usr/bin/am4 am4b /bin/rm || touch @/f",
    "update-alternatives --install /usr/bin/am5 am5 /bin/cat 5 --slave /usr/bin/am5b am5 /bin/rm || touch @/f",
    "update-alternatives --install /usr/bin/am6 am6 /bin/cat 5 --slave /usr/bin/am6b am6b /bin/rm; update-alternatives --install /usr/bin/am6 am6 /bin/ln 9 --slave /usr/bin/am6c am6b /bin/mv && touch @/f",
    "touch @/c @/d; update-alternatives --install /usr/bin/am7 am7 @/c 9; update-alternatives --install /usr/bin/am7 am7 @/d 5; rm @/c; update-alternatives --install /usr/bin/am7 am7 /bin/ln 3 && touch @/f",
    "update-alternatives --install /usr/bin/am8 am8 /bin/cat 50; ln -sf /bin/ln /etc/alternatives/am8; update-alternatives --install /usr/bin/am8 am8 /bin/rm 90 && touch @/f",
    "update-alternatives --install /usr/bin/am9 am9 /bin/cat 50; ln -sf /bin/no /etc/alternatives/am9; update-alternatives --install /usr/bin/am9 am9 /bin/rm 9 && touch @/f",
    "touch /usr/bin/al1; update-alternatives --install /usr/bin/al1 al1 /bin/cat 50 && touch @/f",
    "mkdir /usr/bin/al8; update-alternatives --install /usr/bin/al8 al8 /bin/cat 5 && touch @/f",
    "update-alternatives --install @/l ao1 /bin/rm 5; mkdir @/d; update-alternatives --install @/d ao1 /bin/cat 9 || touch @/f; update-alternatives --install @/d ao1 /bin/ln 1 || touch @/f2",
    "update-alternatives --install @/l ao2 /bin/rm 5; mkdir -p @/d/l; update-alternatives --install @/d ao2 /bin/cat 9 || touch @/f",
    "update-alternatives --install @/l ao3 /bin/rm 5 --slave @/m ao3m /bin/ln; mkdir @/d; update-alternatives --install @/l ao3 /bin/rm 5 --slave @/d ao3m /bin/ln || touch @/f; update-alternatives --remove ao3 /bin/rm",
    "update-alternatives --install @/l ao4 /bin/rm 5; mkdir @/d; ln -s d @/e; update-alternatives --install @/e ao4 /bin/cat 9 || touch @/f",
    "update-alternatives --install @/l ao5 /bin/rm 5; mkdir @/d; touch @/d/l; update-alternatives --install @/d ao5 /bin/cat 9 || touch @/f",
    // Which of several of the same priority, and what is there before a command is refused.
    "update-alternatives --install @/l an1 /bin/rm 5; update-alternatives --install @/l an1 /bin/cat 5",
    "update-alternatives --install @/l an2 /bin/rm 5 --slave @/m an2m /bin/ln; update-alternatives --install @/l an2 /bin/cat 5; update-alternatives --install @/l an2 /bin/cat 5",
    "update-alternatives --install @/l an3 /bin/rm 5 --slave @/m an3m /bin/ln; rm /etc/alternatives/an3; update-alternatives --install @/l an3 /bin/cat 5",
    "update-alternatives --install @/l an5 /bin/rm 9; update-alternatives --install @/l an5 /bin/cat 5; update-alternatives --install @/l an5 /bin/ln 1; ln -sf /bin/cat /etc/alternatives/an5; update-alternatives --remove an5 /bin/ln",
    "update-alternatives --install @/l an6 /bin/rm 5 --slave @/m an6m /bin/ln; update-alternatives --install @/l an6 /bin/rm 5; update-alternatives --install @/l2 an6x /bin/cat 5 --slave @/m an6m /bin/ln && touch @/f",
    "touch @/a; update-alternatives --install @/a an7 @/a 5 || touch @/f1; update-alternatives --install @/l an7 @/a 5 --slave @/b an7m @/b || touch @/f2",
    "update-alternatives --install @/l an8 /bin/rm 9; update-alternatives --install @/l an8 /bin/cat 5 --slave @/no/m an8m /bin/ln && touch @/f; update-alternatives --remove an8 /bin/rm || touch @/f2",
    "mkdir @/d; update-alternatives --install @/d/l an9 /bin/rm 9; update-alternatives --install @/d/l an9 /bin/cat 5; rm -rf @/d; update-alternatives --remove an9 /bin/rm || touch @/f",
    "update-alternatives --install @/l ap1 /bin/rm 5; update-alternatives --install @/l2 ap1 /bin/cat 9 --slave @/no/m ap1m /bin/ln || touch @/f",
    "update-alternatives --install @/l ap3 /bin/rm 5; ln -sf /bin/ln /etc/alternatives/ap3; update-alternatives --install @/l ap3 /bin/cat 9; rm @/l; update-alternatives --remove ap3 /bin/cat && touch @/f",
    // What SUSE's macros ask for.
    "test -n \"$FIRST_ARG\" || FIRST_ARG=\"$1\"\nif [ \"$FIRST_ARG\" = configure ]; then touch @/f; else for i in a; do b; done; fi",
    "if [ \"$YAST_IS_RUNNING\" != instsys ]; then touch @/f; fi; [ -z \"${TRANSACTIONAL_UPDATE}\" ] && touch @/g",
    // Who is there: by name, by number, and by what is printed of them.
    "getent passwd 0 && touch @/f; getent passwd 0001000 && touch @/g; getent passwd 77 || touch @/h",
    "getent group 8 && touch @/f; getent group 77 || touch @/g; getent passwd 8 || touch @/h",
    "[ -z \"`getent passwd ada`\" ] || touch @/f; [ -n \"`getent group no-such 2>/dev/null`\" ] || touch @/g",
    "U=ada; if [ -n \"$(getent passwd $U)\" ]; then touch @/f; fi; [ -z \"$(getent passwd 77 2>/dev/null)\" ] && touch @/g",
    "[ -x \"$(command -v getent)\" ] && touch @/f",
    "getent group gs >/dev/null || groupadd -f -g 333 -r gs\nif ! getent passwd gs >/dev/null; then\nif ! getent passwd 333 >/dev/null; then\nuseradd -r -u 333 -g gs -d / -s /sbin/nologin gs; else useradd -r -g gs gs; fi; fi; touch @/f",
    "if ! getent passwd gt >/dev/null; then if ! getent passwd 333 >/dev/null; then useradd -r -u 333 gt; else useradd -r -U gt; fi; fi && touch @/f",
    // Users with homes, and those who are people.
    "useradd -r -m -d /srv/home/um1 um1 && touch @/f; useradd -r -m -d @ um2 && touch @/g; useradd -r -m um3; useradd -r -m -d /etc/passwd um4 || touch @/h",
    "useradd -u 400 -M -s /sbin/nologin up1 && touch @/f; useradd -M up2 && touch @/g; useradd -m -g mail up3 && touch @/h; useradd up4; useradd -u 401 -m up5",
    "useradd -r -u 5000 up6 && touch @/f; useradd -u 70000 up7 && touch @/g; useradd -r -u 50 -U up8",
    "chown ada:mail @; printf '%s\\n' x && touch @/f",
    // What is not there or empty, and what is said for it.
    "touch @/a${2:-0} @/b${2:-} @/c${3:-0} @/d${1:-0}; [ \"${2:-0}\" = 0 ] && touch @/new",
    "ln -s f @/l; rm @/l; rm @/l || touch @/f1; rm -f @/l && touch @/f2; touch @/f; rm @/f/ || touch @/f3",
    // Where quotes, names, comments, functions and texts end.
    "if [ $1 = x ]; then a \"^b$\" /x; fi; touch @/f; if [ $1 = x ]; then a \"^c$\" /y; fi",
    "case $1 in x) echo \"5$\";; configure) touch @/f;; y) echo \"6$\";; esac",
    "if [ $1 = x ]; then a=${b#'}'}; fi; touch @/f; if [ $1 = x ]; then a=${b#'}'}; fi",
    "g() {\n echo \"\n}\n\"\n}\ntouch @/f\nh() {\n echo \"\n}\n\"\n}\n",
    "if [ $1 = x ]; then cat <<E; fi\nit's\nE\ntouch @/f\nif [ $1 = x ]; then cat <<E; fi\nit's\nE",
    "if [ $1 = x ]; then a $(b '(' # it's )\n); fi; touch @/f; if [ $1 = x ]; then c $((1 << 2)); fi",
    "if [ $1 = x ]; then find -exec {} \\;; case $(a) in b) c;; esac; fi; touch @/f",
    "false &&\ng() { :; }\ntouch @/f \"@/^g$\" @/h$ @/i$.",
];

/// Scripts that are left, as they are no scripts, or not the same in every shell.
const LEFT: &[&str] = &[
    "touch @/f ; ; touch @/g",
    "touch @/f; if true; then\nfi",
    "if [ $1 == configure ]; then touch @/f; fi",
    "false &>/dev/null || touch @/f",
    "false >&/dev/null || touch @/f",
    // Not worth to be told apart.
    "[ 1 = 1 -o 1 = 1 -a 1 = 2 ] && touch @/f",
    "[ ! 1 -a 1 ] || touch @/f",
    "[ ! ! -e / ] && touch @/f",
    "[ -e /etc/passwd/. ] || touch @/f",
    "mkdir @/d; rmdir @/d/. || touch @/f",
    "mkdir @/d; mv @/d/ @/e",
    "touch @/a @/b; mv -n @/a @/b; touch @/f",
    "if [ -e @/no ]; then echo done; D=/opt; fi; touch $D@/f",
    "foo() { :; }\n[ -n \"$(command -v foo)\" ] && touch @/f",
    "DPKG_MAINTSCRIPT_PACKAGE=other; touch @/f",
    "if [ -e @/no ]; then case $1 in done) D=/opt;; esac; fi; touch $D@/f",
    "[ -e @/no ] &&\nD=/opt\ntouch $D@/f",
    "set -u; touch @/f$3",
    "set -eu; touch @/f$3",
    "id 0 && touch @/f",
    "[ -z \"$(getent passwd ada >/dev/null)\" ] && touch @/f",
    "[ -z \"`getent passwd \"ada\"`\" ] || touch @/f",
    "[ -x \"$(getent passwd ada)\" ] || touch @/f",
    "[ -n $(getent passwd ada) ] && touch @/f",
    "[ -n \"$(getent passwd ada | head -1)\" ] && touch @/f",
    "getent passwd 4294967296 && touch @/f",
    "touch @/f; chown ada.mail @/f",
    "A=~; touch @/f$A",
    "\"B\"=y; touch @/f",
    "if true; then \"B\"=y; fi; touch @/f",
    "A=if; $A true; then touch @/f; fi",
    "$2 if true; then touch @/f; fi",
    "touch @/f$'x'",
    "touch @/f$\"x\"",
    "touch @/f >/dev/null2",
    "touch @/f\\\n$\\\n2",
    "DPKG_ROOT=@; touch $DPKG_ROOT/f",
    "[ -n \"$(command -v cd)\" ] && touch @/f",
    "[ -x $(command -v no-such) ] && touch @/f",
    "[ \"$(command -v cat)\" = /usr/bin/cat ] && touch @/f",
    "touch \"@/f$(command -v cat)\"",
    "test -n \"$FIRST_ARG\" || FIRST_ARG=other; [ \"$FIRST_ARG\" = configure ] || touch @/f",
    "if true; then YAST_IS_RUNNING=instsys; fi; [ \"$YAST_IS_RUNNING\" = instsys ] && touch @/f",
    "[ -n \"$FIRST_ARG\" ] || touch @/f",
    "printf || touch @/f",
    "printf '%d' x || touch @/f",
    "touch @/f\r\n",
    "touch @/f\u{a0}g",
    "touch @/f\u{fffd}",
    "useradd -m -M b11; touch @/f",
    "useradd -r -d rel b13 || touch @/f",
    "useradd -r -s nologin b13 || touch @/f",
    "update-alternatives --force --install /usr/bin/al5 al5 /bin/cat 5",
    "update-alternatives --install /usr/bin/al9 'al 9' /bin/cat 5 && touch @/f",
];

#[test]
fn small_commands_do_what_the_shell_does() {
    let work = Work::under(Path::new("/dev/shm"), "deb-shell");
    let folder = system(&work, "system");
    furnish(&folder);
    let accounts = "root:x:0:0::/:/bin/sh\nada:x:1000:1000:::\n";
    fs::write(folder.join("etc/passwd"), accounts).unwrap();
    for (path, text) in [
        ("etc/default/useradd", "CREATE_MAIL_SPOOL=yes\n"),
        ("etc/shadow", "root:*:1::::::\nada:*:1::::::\n"),
        ("etc/gshadow", "root:*::\nmail:*::\nada:!::\n"),
        ("etc/skel/.profile", "hello\n"),
        ("etc/subuid", "ada:100000:65536\n"),
        ("etc/subgid", "ada:100000:65536\n"),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(folder.join("var/mail")).unwrap();
    fs::write(
        folder.join("etc/group"),
        "root:x:0:\nmail:x:8:\nada:x:1000:\n",
    )
    .unwrap();
    let mut scripts = Vec::new();
    for (number, lines) in DONE.iter().chain(LEFT).enumerate() {
        let own = format!("/srv/r{number}");
        let script: &str = format!("#!/bin/sh\n{}\n", lines.replace('@', &own)).leak();
        let deb = Deb {
            name: format!("r{number:03}_1_all").leak(),
            fields: "",
            files: vec![(&*format!("{own}/").leak(), "")].leak(),
            control: vec![("postinst", script)].leak(),
        };
        build(&work, &deb, "debs", "-Znone");
        scripts.push((own, script.to_owned()));
    }
    let recipe = "modules: [install_debs]\ndebs: [debs]\n";
    // A script that fails fails the build, as the package with dpkg.
    let Some(mounted) = installed(&work, &folder, recipe) else {
        return;
    };
    let status = fs::read_to_string(mounted.path().join("var/lib/dpkg/status")).unwrap();
    for (number, (_, script)) in scripts.iter().enumerate() {
        let state = if number < DONE.len() {
            "installed"
        } else {
            "unpacked"
        };
        let lines = format!("Package: r{number:03}\nStatus: install ok {state}\n");
        assert!(status.contains(&lines), "{lines}{script}");
    }
    if !dpkg_installs() {
        return;
    }
    // Without it, a shell that sends output there does not run the program.
    fs::create_dir_all(folder.join("dev")).unwrap();
    fs::write(folder.join("dev/null"), "").unwrap();
    for (number, (own, script)) in scripts.iter().enumerate() {
        let theirs = folder.join(&own[1..]);
        fs::create_dir_all(&theirs).unwrap();
        if number < DONE.len() {
            let mut shell = tool("chroot");
            let arguments = ["/bin/sh", "-c", script, "sh", "configure", ""];
            run(shell
                .arg(&folder)
                .args(arguments)
                .env("SOURCE_DATE_EPOCH", NOW));
        }
    }
    let [ours, theirs] = [mounted.path(), &folder].map(|root| {
        let mut lines = quiet(root);
        let alternatives = ["etc/alternatives/", "var/lib/dpkg/alternatives/"];
        let users = [
            "etc/passwd ",
            "etc/group ",
            "etc/shadow ",
            "etc/gshadow ",
            "etc/subuid ",
            "etc/subgid ",
        ];
        let places = [&["srv/", "home/", "var/mail/"], &alternatives[..], &users].concat();
        lines.retain(|line| places.iter().any(|place| line.starts_with(place)));
        // What dpkg's program leaves where it stops half-way.
        lines.retain(|line| !line.contains(".dpkg-tmp"));
        lines
    });
    assert_same(&ours, &theirs);
}
