//! People's own modules: how they are found, what they may do, and every way in which they fail.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use super::kit::{self, Run, Work};

/// A folder with the sample source and a recipe that ends in these lines.
pub(super) fn project(name: &str, recipe: &str) -> Work {
    let work = Work::new(name);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
    work.write("build.yaml", format!("source: {source}\n{recipe}\n"));
    fs::create_dir(work.join("modules")).unwrap();
    work
}

/// Puts a module into the folder `modules`; one without an ending can be executed.
pub(super) fn module(work: &Work, file: &str, text: &str) {
    let path = work.write(&format!("modules/{file}"), text);
    if !file.contains('.') {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A module in shell that sends these requests, one after the other, and waits for each answer.
pub(super) fn shell(requests: &[&str]) -> String {
    let mut text = "#!/bin/sh\nread start\n".to_owned();
    for request in requests {
        assert!(!request.contains('\''));
        text += &format!("printf '%s\\n' '{request}'\nread answer\necho \"$answer\" >&2\n");
    }
    text
}

pub(super) fn plan(work: &Work, args: &[&str]) -> Run {
    kit::run(work.hsb(["plan"]).args(args))
}

#[test]
fn modules_are_looked_up_in_order() {
    let says = |what: &str| format!("#!/bin/sh\necho this is {what} >&2\n");
    /// Files, recipe, exit status, parts of what is said.
    type Case<'c> = (
        &'c str,
        &'c [(&'c str, String)],
        &'c str,
        i32,
        &'c [&'c str],
    );
    let cases: [Case<'_>; 10] = [
        (
            "an executable that has an ending",
            &[("greet.sh", says("mine"))],
            "modules: [greet]",
            2,
            &[
                "modules/greet.sh is there, but a module is greet.py, greet.star or an executable greet",
            ],
        ),
        (
            "an executable that cannot be executed",
            &[("greet-", says("mine"))],
            "modules: [greet_]",
            2,
            &["modules/greet- is there, but cannot be executed: chmod +x modules/greet-"],
        ),
        (
            "an executable",
            &[("greet_all", says("mine"))],
            "modules: [greet-all]",
            0,
            &["[greet_all] this is mine"],
        ),
        (
            "before what comes with hsb, with a line that says so",
            &[("hostname", says("mine"))],
            "modules: [hostname]\nhostname: web",
            0,
            &[
                "[hostname] this is mine",
                "modules/hostname is used in place of the module that comes with hsb",
            ],
        ),
        (
            "what comes with hsb, with a line on what could be meant",
            &[("motd.sh", String::new())],
            "modules: [hostname, motd]\nhostname: web\nmotd: hello",
            0,
            &[
                "build.yaml:2: step 2 motd: the module that comes with hsb is used: \
                 modules/motd.sh is there, but a module is motd.py, motd.star or an executable motd",
            ],
        ),
        (
            "two in one folder",
            &[("greet", says("one")), ("greet.py", String::new())],
            "modules: [greet]",
            2,
            &[
                "build.yaml:2:11",
                "modules/greet or modules/greet.py",
                "remove or rename",
            ],
        ),
        (
            "two spellings of one name",
            &[("greet-all", says("one")), ("greet_all", says("two"))],
            "modules: [greet_all]",
            2,
            &["modules/greet-all or modules/greet_all"],
        ),
        (
            "a folder of module_path, after the first one",
            &[
                ("../more/greet", says("more")),
                ("../more/bye", says("no")),
                ("bye", says("first")),
            ],
            "modules: [greet, bye]\nmodule_path: [more]",
            0,
            &["this is more", "this is first"],
        ),
        (
            "a module_path that is not there",
            &[],
            "module_path: [more, none]",
            2,
            &["build.yaml:2:21: there is no folder none"],
        ),
        (
            "none at all",
            &[("greet", says("mine"))],
            "modules: [gret]",
            2,
            &[
                "unknown module `gret`",
                "did you mean `greet`?",
                "`add_user`",
            ],
        ),
    ];
    for (what, files, recipe, code, parts) in cases {
        let work = project("lookup", recipe);
        fs::create_dir(work.join("more")).unwrap();
        for (file, text) in files {
            let path = work.write(&format!("modules/{file}"), text);
            let mode = if file.ends_with('-') { 0o644 } else { 0o755 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let run = plan(&work, &[]);
        assert_eq!(run.code, Some(code), "{what}: {run:#?}");
        for part in parts {
            assert!(run.stderr.contains(part), "{what}: no {part:?}: {run:#?}");
        }
    }
}

#[test]
fn an_executable_changes_the_image() {
    let work = project(
        "executable",
        "modules: [greet]\ngreeting: [a, 1, 0.5, true, null]",
    );
    module(
        &work,
        "greet",
        &shell(&[
            r#"{"call":"write","args":["etc/motd","hello\n"],"named":{"mode":"0640","owner":"daemon"}}"#,
            r#"{"call":"write","args":[{"base64":"L2V0Yy//"},{"base64":"//4="}]}"#,
            r#"{"call":"read","args":[{"base64":"L2V0Yy//"}]}"#,
            r#"{"call":"read","args":["../../etc/none"]}"#,
            r#"{"call":"red","args":["/etc/motd"]}"#,
            r#"{"call":"chmod","args":["/etc/motd"],"named":{"mod":1}}"#,
        ]),
    );
    let run = kit::run(&mut work.hsb(["build"]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    for part in [
        r#"[greet] {"ok":{"base64":"//4="}}"#,
        r#""kind":"not_found","message":"no such file in the image: /etc/none"#,
        r#""kind":"invalid","message":"unknown operation `red`; did you mean `read`?""#,
        r#""kind":"invalid","message":"chmod"#,
    ] {
        assert!(run.stderr.contains(part), "no {part}: {}", run.stderr);
    }
    let image = work.join("image.raw");
    let stat = kit::debugfs(&image, 1 << 20, "stat /etc/motd");
    assert!(stat.contains("Mode:  0640"), "{stat}");
    assert!(stat.contains("User:     1   Group:     0"), "{stat}");
    kit::e2fsck_clean(&image, 1 << 20);
}

#[test]
fn a_key_that_no_module_read_is_told_of() {
    for (end, warned) in [
        (r#"{"done":{"read":["greeting"]}}"#, true),
        (r#"{"done":{"read":["greeting","sise"]}}"#, false),
        // It may have read all of them.
        (r#"{"done":{}}"#, false),
    ] {
        let work = project("unread", "modules: [greet]\ngreeting: hi\nsise: 4G");
        module(&work, "greet", &shell(&[end]));
        let run = plan(&work, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        let warning = "build.yaml:4: no module read `sise`; did you mean `size`?";
        assert_eq!(run.stderr.contains(warning), warned, "{end}: {run:#?}");
        assert!(!run.stderr.contains("read `greeting`"), "{run:#?}");
    }
}

#[test]
fn a_module_that_fails_ends_the_build_and_leaves_nothing() {
    let with_timeout = r#"{"timeout": 1}"#;
    let cases: [(&str, &str, &[&str]); 13] = [
        ("#!/bin/sh\nexit 3\n", "", &["it ended with exit status: 3"]),
        (
            "#!/bin/sh\necho first; echo bad >&2; exit 1\n",
            "",
            &["its standard output is for requests in JSON", "first"],
        ),
        (
            "#!/bin/sh\necho the last words >&2; exit 1\n",
            "",
            &["exit status: 1", "the last words"],
        ),
        ("#!/bin/sh\nkill -9 $$\n", "", &["signal: 9"]),
        (
            "#!/bin/sh\nwhile :; do :; done\n",
            with_timeout,
            &["it ran for more than 1 s"],
        ),
        (
            "#!/bin/sh\nexec sleep 1000\n",
            with_timeout,
            &["it ran for more than 1 s"],
        ),
        (
            "#!/bin/sh\nread s\nwhile :; do echo '{\"call\":\"users\"}'; read a; done\n",
            with_timeout,
            &["it ran for more than 1 s"],
        ),
        (
            "#!/bin/sh\nyes >&2\n",
            "",
            &["it printed more than 16777216 bytes"],
        ),
        (
            "#!/bin/sh\nhead -c 300000000 /dev/zero\n",
            "",
            &["a line of more than 268435456 bytes"],
        ),
        (
            "#!/no/such/interpreter\n",
            "",
            &[
                "modules/greet: it cannot be run: No such file",
                "first line names after #!",
            ],
        ),
        (
            "#!/bin/sh\nread s; echo '{\"fail\":{\"message\":\"no luck\",\"at\":\"greet:2\"}}'\n",
            "",
            &["greet:2: no luck"],
        ),
        (
            "#!/bin/sh\necho '[1]'\n",
            "",
            &["it asked for no operation (a request is an object): [1]"],
        ),
        (
            "#!/bin/sh\necho '{\"call\":\"read\",\"args\":5}'\n",
            "",
            &["it asked for no operation"],
        ),
    ];
    for (text, declaration, parts) in cases {
        let work = project("failing", "modules: [hostname, greet]\nhostname: web");
        work.write("image.raw", "old");
        module(&work, "greet", text);
        if !declaration.is_empty() {
            module(&work, "greet.json", declaration);
        }
        let run = kit::run(&mut work.hsb(["build"]));
        assert_eq!(run.code, Some(1), "{text}: {run:#?}");
        let place = "build.yaml:2:21: step 2 `greet`: ";
        for part in [place].iter().chain(parts) {
            assert!(run.stderr.contains(part), "{text}: no {part:?}: {run:#?}");
        }
        assert_eq!(fs::read(work.join("image.raw")).unwrap(), b"old", "{text}");
        assert!(!work.join(".image.raw.hsb-part").exists(), "{text}");
    }
}

#[test]
fn no_process_is_left_behind() {
    // A child that keeps the pipes open.
    for child in ["sleep 1000", "setsid sleep 1000"] {
        let text = format!("#!/bin/sh\nread start\n{child} &\necho $! >child\nexit 0\n");
        let work = project("children", "modules: [greet]");
        module(&work, "greet", &text);
        let start = Instant::now();
        let run = plan(&work, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(start.elapsed() < Duration::from_secs(60));
        let child = fs::read_to_string(work.join("child")).unwrap();
        // Whoever has to may not have taken note of its end yet: a zombie runs no more.
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        let runs = stat.is_ok_and(|stat| !stat.contains(") Z "));
        assert!(!runs, "its child {child} still runs");
    }
}

#[test]
fn a_later_step_that_undoes_an_earlier_one_is_told_of() {
    let write = |text: &str| {
        shell(&[&format!(
            r#"{{"call":"write","args":["/etc/motd","{text}"]}}"#
        )])
    };
    for (second, warning) in [
        (
            write(r"other\n"),
            "step 2 two overwrites /etc/motd, which step 1 one wrote",
        ),
        (
            shell(&[r#"{"call":"remove","args":["/etc/motd"]}"#]),
            "step 2 two removes /etc/motd, which step 1 one wrote",
        ),
        (write(r"hello\nyou\n"), ""),
        (
            shell(&[r#"{"call":"remove","args":["/srv"],"named":{"recursive":true}}"#]),
            "step 2 two removes /srv with 2 paths that step 1 one wrote",
        ),
        (
            shell(&[r#"{"call":"rename","args":["/srv/e","/e"]}"#]),
            "step 2 two removes /srv/e/g, which step 1 one wrote",
        ),
    ] {
        let work = project("overwrite", "modules: [one, two]");
        module(
            &work,
            "one",
            &shell(&[
                r#"{"call":"write","args":["/etc/motd","hello\n"]}"#,
                r#"{"call":"mkdir","args":["/srv/e"],"named":{"parents":true}}"#,
                r#"{"call":"write","args":["/srv/f",""]}"#,
                r#"{"call":"write","args":["/srv/e/g",""]}"#,
            ]),
        );
        module(&work, "two", &second);
        let run = plan(&work, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains(warning), "{run:#?}");
        assert_eq!(
            run.stderr.contains("warning"),
            !warning.is_empty(),
            "{run:#?}"
        );
    }
}
