//! What a plan answers: which step changed a path, and what is there then.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::kit;
use super::own_modules::{module, plan, project, shell};

#[test]
fn a_plan_answers_questions() {
    let work = project("questions", "modules: [hostname]\nhostname: web");
    for (args, code, answer) in [
        (
            &["--why", "etc/hostname"][..],
            0,
            "step 1 hostname changed /etc/hostname: file, 0644, 0:0, 4 bytes; other content, time\n",
        ),
        (
            &["--why", "/etc/passwd"],
            0,
            "/etc/passwd is as the source has it; no step changed it\n",
        ),
        (&["--why", "/etc/none"], 1, "hsb: /etc/none: "),
        (&["--show", "/etc/../etc//hostname"], 0, "web\n"),
        (
            &["--show", "/etc/hostname", "--step", "1"],
            0,
            "--- before step 1\n+++ after step 1\n@@ -1 +1 @@\n-fixture\n+web\n",
        ),
        (
            &["--show", "/etc/hostname", "--step", "2"],
            1,
            "hsb: there is no step 2; there are 1",
        ),
        (
            &["--show", "/etc/passwd", "--step", "1"],
            1,
            "hsb: step 1 hostname did not change /etc/passwd",
        ),
        (&["--show", "/etc"], 1, "hsb: /etc: is no text"),
        (&["--step", "1"], 2, "--show"),
    ] {
        let run = plan(&work, &[&["-q"], args].concat());
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        match code {
            0 => assert_eq!(run.stdout, answer, "{args:?}"),
            _ => assert!(run.stderr.contains(answer), "{args:?}: {run:#?}"),
        }
    }
}

#[test]
fn a_plan_answers_questions_on_any_name() {
    let work = project("odd-questions", "modules: [odd]");
    let request = r#"{"call": "write", "args": [{"base64": "L/9hClzDvA=="}, "text\n"]}"#;
    module(&work, "odd", &shell(&[request]));
    let odd = OsStr::from_bytes(b"/\xffa\n\\\xc3\xbc");
    for (args, answer) in [
        (
            &["--why".as_ref(), odd][..],
            "step 1 odd added /\\377a\\n\\\\\u{fc}: file, 0644, 0:0, 5 bytes\n",
        ),
        (&["--show".as_ref(), odd], "text\n"),
        (
            &["-v".as_ref()],
            "  step 1 added /\\377a\\n\\\\\u{fc}: file, 0644, 0:0, 5 bytes\n",
        ),
    ] {
        let run = kit::run(work.hsb(["plan"]).args(args));
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.ends_with(answer), "{run:#?}");
    }
    let lost = kit::run(work.hsb(["plan", "--why"]).arg(OsStr::from_bytes(b"/\xfe")));
    assert!(lost.stderr.contains("hsb: /\\376: "), "{lost:#?}");
}
