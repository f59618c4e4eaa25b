//! Modules on a tree in memory: what they see, what they may not, and how they fail.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use fsgen::tree::Meta;
use fsgen::{ReadAt, Timestamp, Tree};
use modules::api::{self, Data};
use modules::{Host, Root};

use super::evaluate;
use super::root::Image;
use super::source::Source;
use crate::own::Failure;

const LIMIT: Duration = Duration::from_secs(300);

struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Image for Root<'_> {
    fn call(
        &mut self,
        operation: &str,
        args: Vec<Data>,
        named: Vec<(String, Data)>,
    ) -> Result<Data, String> {
        api::call(self, operation, args, named).map_err(|error| error.to_string())
    }
}

/// Runs a module on an image that has a file of a name that is no text, and one that is none.
/// Returns the keys that it read and what it wrote to `/out`.
fn run(text: &str) -> Result<(Vec<String>, String), Failure> {
    let now = Timestamp { secs: 9, nanos: 0 };
    let mut tree = Tree::new(Meta::root(0o755, now));
    let mut root = Root::new(&mut tree, &NoFiles, now);
    root.mkdir("/etc", 0o755).unwrap();
    root.write("/etc/motd", "hello\n").unwrap();
    root.write(b"/etc/\xff", b"\xfe\n").unwrap();
    let list = Data::List(vec![Data::from("a"), Data::Int(1), Data::Float(0.5)]);
    let map = Data::Map(vec![
        ("x".into(), Data::Null),
        ("y".into(), Data::Bool(true)),
    ]);
    let recipe = Data::Map(vec![("list".into(), list), ("map".into(), map)]);
    let source = Source {
        shown: "modules/m.star".to_owned(),
        text: text.to_owned(),
        folder: "/nowhere".into(),
    };
    let read = evaluate::modify(source, "m", &recipe, &mut root, LIMIT)?;
    let out = root.read_if_exists("/out").unwrap().unwrap_or_default();
    Ok((read, String::from_utf8(out).unwrap()))
}

/// Runs `modify` with these statements.
fn body(text: &str) -> Result<(Vec<String>, String), Failure> {
    let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
    run(&format!("def modify(name, root, cfg):\n{lines}"))
}

#[test]
fn what_a_module_sees() {
    let mut wrong = Vec::new();
    for (text, want) in [
        ("name", "m"),
        ("root.read('/etc/motd')", "hello\n"),
        ("root.read_bytes('/etc/motd')", r#"b"hello\n""#),
        (
            "root.read('/etc/\\377') if False else root.list('etc')[1]",
            r#"b"\xff""#,
        ),
        (
            "[root.read(p) for p in root.walk('/etc')]",
            r#"["hello\n", b"\xfe\n"]"#,
        ),
        (
            "[root.exists(p) for p in root.walk('/etc')]",
            "[True, True]",
        ),
        ("root.lines('/etc/motd')", r#"["hello"]"#),
        ("root.stat('/etc/motd')['mode']", "420"),
        ("root.stat(path='/etc', follow=False)['type']", "directory"),
        (
            "root.chmod('/etc/motd', 0o600) or root.stat('/etc/motd')['mode']",
            "384",
        ),
        ("root.replace('/etc/motd', b'l', 'L')", "2"),
        (
            "hasattr(root, 'write') and not hasattr(root, 'spawn')",
            "True",
        ),
        ("len(dir(root)) > 30", "True"),
        (
            "type(root), type(root.write), root.exists",
            r#"("root", "function", root.exists(path))"#,
        ),
        ("cfg['list']", r#"["a", 1, 0.5]"#),
        ("cfg['map']['y']", "True"),
        (
            "cfg.get('map').get('x'), cfg.get('z'), cfg.get('z', 5)",
            "(None, None, 5)",
        ),
        (
            "'list' in cfg, 'z' in cfg, len(cfg), bool(cfg)",
            "(True, False, 2, True)",
        ),
        (
            "[k for k in cfg], cfg.keys() == list(cfg)",
            r#"(["list", "map"], True)"#,
        ),
        (
            "[type(v) for v in cfg.values()], [k for k, _ in cfg.items()]",
            r#"(["list", "dict"], ["list", "map"])"#,
        ),
        (
            "json.encode(cfg)",
            r#"{"list":["a",1,0.5],"map":{"x":null,"y":true}}"#,
        ),
        (
            "f'{name}!', struct(a = 1).a, {1: 2} | {3: 4}, set([1, 1])",
            r#"("m!", 1, {1: 2, 3: 4}, set([1]))"#,
        ),
    ] {
        let done = body(&format!(
            "v = {text}\nroot.write('/out', v if type(v) == 'string' else repr(v))"
        ));
        let (_, out) = done.unwrap_or_else(|failure| panic!("{text}: {failure}"));
        if out != want {
            wrong.push(format!("{text}: {out} is not {want}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn keys_that_are_read_are_remembered() {
    for (text, want) in [
        ("pass", &[][..]),
        ("for k in cfg: pass", &[]),
        ("cfg['map']", &["map"]),
        ("cfg.get('other')", &["other"]),
        ("'list' in cfg", &["list"]),
        ("cfg.items()", &["list", "map"]),
        ("json.encode(cfg)", &["list", "map"]),
    ] {
        assert_eq!(body(text).unwrap().0, want, "{text}");
    }
}

#[test]
fn failures_name_their_place() {
    let mut wrong = Vec::new();
    let cases = [
        (
            "def modify(name, root, cfg):\n  fail('no', 'luck', 7)",
            "2:3",
            "no luck 7",
        ),
        (
            "def modify(name, root, cfg):\n  root.read('/none')",
            "2:3",
            "no such file in the image: /none",
        ),
        (
            "def modify(name, root, cfg):\n  root.write('/a')",
            "2:3",
            "`data` is missing",
        ),
        (
            "def modify(name, root, cfg):\n  root.write('/a', 1)",
            "2:3",
            "expected a text or bytes, found the number 1",
        ),
        (
            "def modify(name, root, cfg):\n  root.write('/a', root)",
            "2:3",
            "write: argument 2: a value of the type root is no data",
        ),
        (
            "def modify(name, root, cfg):\n  root.truncate('/etc/motd', size = 1 << 70)",
            "2:3",
            "`size`: 1180591620717411303424 is no number of 64 bits",
        ),
        (
            "def modify(name, root, cfg):\n  l = []\n  l.append(l)\n  root.write('/a', l)",
            "4:3",
            "more than 100 deep",
        ),
        (
            "def modify(name, root, cfg):\n  root.wirte('/a')",
            "2:3",
            "no attribute `wirte`",
        ),
        ("def modify(name, root, cfg):\n  cfg['none']", "2:3", "none"),
        (
            "def modify(name, root, cfg):\n  cfg['map']['x'] = 1",
            "2:3",
            "Immutable",
        ),
        (
            "def modify(name, root, cfg):\n  cfg['x'] = 1",
            "2:3",
            "Immutable",
        ),
        (
            "def modify(name, root, cfg):\n  return nmae",
            "2:10",
            "nmae",
        ),
        (
            "def modify(name, root, cfg):\n  return 1 +",
            "2:13",
            "new line",
        ),
        ("import os", "1:1", "import"),
        (
            "def modify(name, root, cfg):\n  return modify(name, root, cfg)",
            "2:10",
            "more than 1000 calls",
        ),
        (
            "def modify(name, root, cfg):\n  for _ in range(1000000000): pass",
            "2:3",
            "more than 100000000 steps",
        ),
        (
            "def modify(name, root, cfg):\n  l = []\n  for i in range(100000000): l.append('x' * 5000)",
            "3:",
            "more than 512 MiB",
        ),
        ("def modify(name, root):\n  pass", "", "argument"),
        ("x = 1", "", "it has no function `modify(name, root, cfg)`"),
        ("modify = 5", "", "int"),
        (
            "load('lib/none.star', 'f')",
            "1:1",
            "modules/lib/none.star: No such file",
        ),
        ("load('../x.star', 'f')", "1:1", "only \"lib/NAME.star\""),
        (
            "load('lib/../x.star', 'f')",
            "1:1",
            "only \"lib/NAME.star\"",
        ),
        ("load('/etc/passwd', 'f')", "1:1", "only \"lib/NAME.star\""),
        (
            "def modify(name, root, cfg):\n  open('/etc/passwd')",
            "2:3",
            "open",
        ),
    ];
    for (text, place, part) in cases {
        let Err(failure) = run(text) else {
            panic!("{text} does not fail")
        };
        let at = failure.at.as_deref().unwrap();
        let want = match place {
            "" => "modules/m.star".to_owned(),
            place => format!("modules/m.star:{place}"),
        };
        if !at.starts_with(&want) || !failure.message.contains(part) {
            wrong.push(format!("{text}: {failure}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_failure_shows_the_calls_and_the_line() {
    let text = "def write(root):\n  '\t' + root.write('/a', 1)\n\n\
                def modify(name, root, cfg):\n  write(root)\n";
    let trace = run(text).unwrap_err().trace.unwrap();
    assert_eq!(
        trace,
        "  modules/m.star:5: in modify\n  modules/m.star:2: in write\n\
         2 |   '\t' + root.write('/a', 1)\n  |    \t    ^^^^^^^^^^^^^^^^^^^\n"
    );
    let text = "def f(n):\n  return f(n + 1)\ndef modify(name, root, cfg):\n  f(0)\n";
    let trace = run(text).unwrap_err().trace.unwrap();
    assert!(trace.contains("calls more"), "{trace}");
    assert!(trace.lines().count() < 20, "{trace}");
}

#[test]
fn a_slow_module_runs_out_of_time() {
    let source = Source {
        shown: "m.star".to_owned(),
        text: "for _ in range(1000000000): pass".to_owned(),
        folder: "/nowhere".into(),
    };
    let failure = evaluate::declared(source, Duration::from_millis(50)).unwrap_err();
    assert!(failure.message.contains("more than 0 seconds"), "{failure}");
    assert_eq!(failure.at.as_deref(), Some("m.star:1:1"));
}
