//! Every way to fail, in modules of every kind: the build says step, place and reason, leaves no
//! image, and no process runs on.

use std::fs;
#[cfg(feature = "starlark")]
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
#[cfg(feature = "starlark")]
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::kit::{self, Work};

const PLACE: &str = "hsb: build.yaml:2:21: step 2 `own`: ";
/// The end of `modules/own.json`, of `MODULE` in others.
const ONE_SECOND: &str = "{'timeout': 1}";

/// A module of a file name that fails in some way, and what must be said of it.
struct Case {
    way: &'static str,
    file: &'static str,
    text: &'static str,
    /// Where and why.
    says: &'static str,
    /// Something more.
    and: &'static str,
}

const PYTHON: [Case; 11] = [
    Case {
        way: "an exception, two calls deep",
        file: "own.py",
        text: "def deep(path):\n    return open(path).read()\n\n\
               def modify(name, root, cfg):\n    deep(root + '/etc/none')\n",
        says: "modules/own.py:2: FileNotFoundError: [Errno 2] No such file or directory: '{root}/etc/none'",
        and: "File \"modules/own.py\", line 5, in modify",
    },
    Case {
        way: "exit 1",
        file: "own.py",
        text: "import sys\ndef modify(name, root, cfg):\n    print('last words')\n    sys.exit(1)\n",
        says: "modules/own.py:4: sys.exit(1)",
        and: "[own] last words",
    },
    Case {
        way: "an endless loop",
        file: "own.py",
        text: "MODULE = {'timeout': 1}\ndef modify(name, root, cfg):\n    while True:\n\
               \x20       try:\n            spin()\n        except BaseException:\n            pass\n\n\
               def spin():\n    while True:\n        pass\n",
        says: "modules/own.py:1",
        and: "it ran for more than 1 seconds; `timeout` in its declaration allows more",
    },
    Case {
        way: "waiting for ever, with children",
        file: "own.py",
        text: "MODULE = {'timeout': 4}\nimport subprocess\ndef modify(name, root, cfg):\n\
               \x20   subprocess.call('sleep 7777 & sleep 7778', shell=True)\n",
        says: "modules/own.py:4: it ran for more than 4 second",
        and: "File \"modules/own.py\", line 4, in modify",
    },
    Case {
        way: "more and more memory",
        file: "own.py",
        text: "def modify(name, root, cfg):\n    held = []\n    while True:\n\
               \x20       held.append(bytes(1 << 20))\n",
        says: "modules/own.py:4: MemoryError: it asked for more memory than a module may have, 4 GiB",
        and: "File \"modules/own.py\", line 4, in modify",
    },
    Case {
        way: "a flood",
        file: "own.py",
        text: "def modify(name, root, cfg):\n    while True:\n        print('x' * 4000)\n",
        says: "modules/own.py:3: it printed more than 16777216 bytes",
        and: "File \"modules/own.py\", line 3, in modify",
    },
    Case {
        way: "killed",
        file: "own.py",
        text: "import os\ndef modify(name, root, cfg):\n    os.kill(os.getpid(), 9)\n",
        says: "modules/own.py: it ended with signal: 9 (SIGKILL)",
        and: "",
    },
    Case {
        way: "with a daemon that has left its group",
        file: "own.py",
        text: "import os\ndef modify(name, root, cfg):\n    if os.fork() == 0:\n\
               \x20       os.setsid()\n        if os.fork() == 0:\n\
               \x20           os.closerange(0, 3)\n            os.execvp('sleep', ['sleep', '7777'])\n\
               \x20       os._exit(0)\n    raise ValueError('bad')\n",
        says: "modules/own.py:9: ValueError: bad",
        and: "",
    },
    Case {
        way: "a message that floods the terminal, and could clear it",
        file: "own.py",
        text: "def modify(name, root, cfg):\n    raise ValueError('\\x1b[2J' + 'x' * 100000)\n",
        says: "modules/own.py:2: ValueError: \\u{1b}[2Jxxx",
        and: "xxx...",
    },
    Case {
        way: "a number that no operation takes",
        file: "own.py",
        text: "def modify(name, root, cfg):\n    try:\n        root.truncate('/etc/motd', 1 << 63)\n\
               \x20   except ValueError as error:\n        raise SystemExit(str(error))\n",
        says: "modules/own.py:5: truncate: argument 2: 9223372036854775808 is no number of 64 bits",
        and: "",
    },
    Case {
        way: "an operation that is refused",
        file: "own.py",
        text: "def modify(name, root, cfg):\n    root.chown('/etc', 'eve')\n",
        says: "modules/own.py:2: OSError: [Errno 5] the image's /etc/passwd has no user \"eve\"",
        and: "",
    },
];

#[cfg(feature = "starlark")]
const STARLARK: [Case; 6] = [
    Case {
        way: "fail(), two calls deep",
        file: "own.star",
        text: "def deep():\n    fail('no luck')\n\ndef modify(name, root, cfg):\n    deep()\n",
        says: "modules/own.star:2:5: no luck",
        and: "modules/own.star:5: in modify",
    },
    Case {
        way: "an endless loop",
        file: "own.star",
        text: "MODULE = {'timeout': 1}\ndef modify(name, root, cfg):\n    for _ in range(1000000000):\n\
               \x20       root.exists('/etc')\n",
        says: "it ran for more than 1 seconds; `timeout` in MODULE allows more",
        and: "modules/own.star:3:5: ",
    },
    Case {
        way: "more and more memory",
        file: "own.star",
        text: "def modify(name, root, cfg):\n    held = []\n    for n in range(1000000000):\n\
               \x20       held.append(str(n) * 100000)\n",
        says: "its values take more than 512 MiB of memory",
        and: "modules/own.star:3:5: ",
    },
    Case {
        way: "a flood",
        file: "own.star",
        text: "def modify(name, root, cfg):\n    for _ in range(1000000000):\n        print('x' * 4000)\n",
        says: "modules/own.star:3:9: it printed more than 16777216 bytes",
        and: "",
    },
    Case {
        way: "an operation that is refused",
        file: "own.star",
        text: "def modify(name, root, cfg):\n    root.chown('/etc', 'eve')\n",
        says: "modules/own.star:2:5: the image's /etc/passwd has no user \"eve\"",
        and: "",
    },
    Case {
        way: "no such thing",
        file: "own.star",
        text: "def modify(name, root, cfg):\n    return [1][1]\n",
        says: "modules/own.star:2:12: ",
        and: "",
    },
];
#[cfg(not(feature = "starlark"))]
const STARLARK: [Case; 0] = [];

const EXECUTABLE: [Case; 17] = [
    Case {
        way: "it says why",
        file: "own",
        text: "#!/bin/sh\nread -r start\n\
               echo '{\"fail\": {\"message\": \"no luck\", \"at\": \"modules/own:3\"}}'\n",
        says: "modules/own:3: no luck",
        and: "",
    },
    Case {
        way: "exit 1",
        file: "own",
        text: "#!/bin/sh\necho last words >&2\nexit 1\n",
        says: "modules/own: it ended with exit status: 1\n",
        and: "\nlast words\n",
    },
    Case {
        way: "an endless loop",
        file: "own",
        text: "#!/bin/sh\nwhile :; do :; done\n",
        says: "modules/own: it ran for more than 1 second",
        and: "",
    },
    Case {
        way: "waiting for ever, with children",
        file: "own",
        text: "#!/bin/sh\nsleep 7777 &\nsh -c 'sleep 7778; :' &\nwait\n",
        says: "modules/own: it ran for more than 1 second",
        and: "",
    },
    Case {
        way: "more and more memory",
        file: "own",
        text: "#!/usr/bin/env python3\nheld = []\nwhile True:\n    held.append(bytes(1 << 20))\n",
        says: "modules/own: it ended with exit status: 1",
        and: "/modules/own\", line 4, in <module>",
    },
    Case {
        way: "a flood",
        file: "own",
        text: "#!/bin/sh\nyes \"$(printf %01000d 0)\" >&2\n",
        says: "modules/own: it printed more than 16777216 bytes",
        and: "",
    },
    Case {
        way: "a request that nobody knows the end of",
        file: "own",
        text: "#!/bin/sh\nprintf '{\"call\": \"users\"}'\nread -r answer\nread -r answer\n",
        says: "modules/own: it ran for more than 1 seconds (what it wrote last to standard output has no line end)",
        and: "",
    },
    Case {
        way: "a request with a part that is misspelt",
        file: "own",
        text: "#!/bin/sh\necho '{\"call\": \"mkdir\", \"args\": [\"/srv/a\"], \"nmaed\": {\"mode\": 448}}'\n",
        says: "modules/own: it asked for no operation (unknown field `nmaed`, expected one of `call`, `args`, `named`, ",
        and: "",
    },
    Case {
        way: "a part of a request given twice",
        file: "own",
        text: "#!/bin/sh\necho '{\"call\": \"mkdir\", \"args\": [\"/a\"], \"args\": [\"/b\"]}'\n",
        says: "modules/own: it asked for no operation (duplicate field `args` at line 1 column 40): {",
        and: "",
    },
    Case {
        way: "a request that is an end, too",
        file: "own",
        text: "#!/bin/sh\necho '{\"call\": \"mkdir\", \"args\": [\"/a\"], \"done\": {}}'\n",
        says: "modules/own: it asked for no operation (`call`, `done` or `fail`, just one): {",
        and: "",
    },
    Case {
        way: "a list that has what a request has",
        file: "own",
        text: "#!/bin/sh\necho '[\"mkdir\", [\"/a\"], null, null, null]'\n",
        says: "modules/own: it asked for no operation (a request is an object): [",
        and: "",
    },
    Case {
        way: "an exit code after it was done",
        file: "own",
        text: "#!/bin/sh\necho '{\"done\": {}}'\nexit 3\n",
        says: "modules/own: it said that it was done, but ended with exit status: 3",
        and: "",
    },
    Case {
        way: "killed after it was done",
        file: "own",
        text: "#!/bin/sh\necho '{\"done\": {}}'\nkill -9 $$\n",
        says: "modules/own: it said that it was done, but ended with signal: 9",
        and: "",
    },
    Case {
        way: "an output that it closes, and no end",
        file: "own",
        text: "#!/bin/sh\nexec >&-\nsleep 7777\n",
        says: "modules/own: it closed its standard output, and did not end within 5 seconds",
        and: "",
    },
    Case {
        way: "whoever would end it is killed",
        file: "own",
        text: "#!/bin/sh\nsleep 0.3\n[ \"$(ulimit -t)\" -gt 0 ] && echo it ends by itself >&2\nexit 1\n",
        says: "modules/own: it ended with exit status: 1",
        and: "[own] it ends by itself",
    },
    Case {
        way: "a flood of requests that are none",
        file: "own",
        text: "#!/bin/sh\nyes\n",
        says: "modules/own: its standard output is for requests in JSON",
        and: ": y\n",
    },
    Case {
        way: "killed",
        file: "own",
        text: "#!/bin/sh\nsleep 7777 &\nkill -9 $$\n",
        says: "modules/own: it ended with signal: 9 (SIGKILL)",
        and: "",
    },
];

fn project(case: &Case) -> Work {
    let work = Work::new("own-failing");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
    let recipe = format!("source: {source}\nmodules: [hostname, own]\nhostname: web\n");
    work.write("build.yaml", recipe);
    fs::create_dir(work.join("modules")).unwrap();
    let file = work.write(&format!("modules/{}", case.file), case.text);
    if case.file == "own" {
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        if case.says.contains("ran for") {
            work.write("modules/own.json", ONE_SECOND.replace('\'', "\""));
        }
    }
    work
}

/// Returns the processes that work in a folder, as a module's do, by their numbers.
fn processes_in(folder: &Path) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap();
    let numbers = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    numbers
        .filter(|number| {
            let at = fs::read_link(format!("/proc/{number}/cwd"));
            at.is_ok_and(|at| at == folder)
        })
        .collect()
}

/// Asserts what is left when a build has failed: nothing.
fn assert_nothing_left(work: &Work, way: &str) {
    let folder = work.path().canonicalize().unwrap();
    // Who was killed may take a moment to be gone.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !processes_in(&folder).is_empty() {
        let left = processes_in(&folder);
        assert!(Instant::now() < deadline, "{way}: {left:?} still run");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(work.names(), ["build.yaml", "modules"], "{way}");
}

/// Modules in Starlark cannot end their process themselves: somebody else does.
#[cfg(feature = "starlark")]
#[test]
fn a_starlark_module_is_killed() {
    let work = project(&Case {
        way: "killed",
        file: "own.star",
        text: "def modify(name, root, cfg):\n    print('runs')\n    for _ in range(90000000): pass\n",
        says: "",
        and: "",
    });
    let mut build = work.hsb(["build"]);
    let mut build = build.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(build.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "[own] runs"));
    let folder = work.path().canonicalize().unwrap();
    let hsb = build.id();
    let module = processes_in(&folder)
        .into_iter()
        .find(|number| u32::try_from(*number) != Ok(hsb));
    let module = rustix::process::Pid::from_raw(module.unwrap()).unwrap();
    rustix::process::kill_process(module, rustix::process::Signal::KILL).unwrap();
    let said: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(build.wait().unwrap().code(), Some(1), "{said:?}");
    let says = format!("{PLACE}modules/own.star: it ended with signal: 9 (SIGKILL)");
    assert!(said.contains(&says), "{said:?}");
    assert_nothing_left(&work, "killed");
}

#[test]
fn every_kind_fails_in_every_way() {
    for case in PYTHON.iter().chain(&STARLARK).chain(&EXECUTABLE) {
        let Case {
            way,
            file,
            says,
            and,
            ..
        } = case;
        let work = project(case);
        let run = kit::run(&mut work.hsb(["build"]));
        let way = format!("{file}, {way}");
        let end = run.stderr.find(PLACE);
        let end = end.map_or(&*run.stderr, |at| &run.stderr[at..]);
        assert_eq!(run.code, Some(1), "{way}: {end}");
        let said = end.strip_prefix(PLACE).unwrap_or_default();
        assert!(
            said.starts_with(says) || said.contains(says),
            "{way}: {end}"
        );
        assert!(run.stderr.contains(and), "{way}: no {and}: {end}");
        let bytes = run.stderr.len();
        assert!(
            bytes < 100_000 || case.way == "a flood",
            "{way}: {bytes} bytes"
        );
        assert_nothing_left(&work, &way);
    }
}
