//! Modules in Starlark, from the file in `modules/` to the image: what they can do, and every way
//! in which they fail.

use std::fs;

use super::kit::{self, Run, Work};

/// A folder with the sample source, a recipe, and `modules/greet.star`.
fn project(recipe: &str, module: impl AsRef<[u8]>) -> Work {
    let work = Work::new("starlark");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
    work.write("build.yaml", format!("source: {source}\n{recipe}\n"));
    fs::create_dir_all(work.join("modules/lib")).unwrap();
    work.write("modules/greet.star", module);
    work
}

fn plan(work: &Work) -> Run {
    kit::run(&mut work.hsb(["plan"]))
}

fn body(lines: &str) -> String {
    format!("def modify(name, root, cfg):\n    {lines}\n")
}

#[test]
fn a_module_changes_the_image() {
    let work = project(
        "modules: [greet: {greeting: [a, 1, 0.5]}]\nother: 5",
        "load('lib/text.star', 'line')\n\
         def modify(name, root, cfg):\n\
         \x20   print('for', name, cfg['greeting'])\n\
         \x20   root.write('etc/motd', line('hello'), mode = '0640', owner = 'daemon')\n\
         \x20   root.mknod('/dev/null2', 'char', major = 1, minor = 3, mode = 0o666)\n\
         \x20   root.write(b'/etc/\\xff\\xff', b'\\xfe')\n\
         \x20   for path in root.walk('/etc'):\n\
         \x20       if type(path) == 'bytes':\n\
         \x20           root.rename(path, '/etc/named')\n",
    );
    work.write(
        "modules/lib/text.star",
        "load('lib/end.star', 'END')\ndef line(text): return text + END\n",
    );
    work.write("modules/lib/end.star", "END = '\\n'\n");
    let run = kit::run(&mut work.hsb(["build"]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("[greet] for greet [\"a\", 1, 0.5]"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("no module read `other`"), "{run:#?}");
    let image = work.join("image.raw");
    let stat = kit::debugfs(&image, 1 << 20, "stat /etc/motd");
    assert!(stat.contains("Mode:  0640"), "{stat}");
    assert!(stat.contains("User:     1   Group:     0"), "{stat}");
    assert_eq!(kit::debugfs(&image, 1 << 20, "cat /etc/motd"), "hello\n");
    let stat = kit::debugfs(&image, 1 << 20, "stat /dev/null2");
    assert!(stat.contains("Device major/minor number: 01:03"), "{stat}");
    let stat = kit::debugfs(&image, 1 << 20, "stat /etc/named");
    assert!(stat.contains("Size: 1"), "{stat}");
    kit::e2fsck_clean(&image, 1 << 20);
}

#[test]
fn a_declaration_is_read_without_running_the_module() {
    let module = "MODULE = {\n  'summary': 'greets',\n  'main': 'greeting',\n  'timeout': 1,\n\
                  \x20 'keys': {'greeting': {'type': 'string', 'required': True}},\n}\n\
                  def modify(name, root, cfg):\n  fail('it runs')\n";
    let numbers = "MODULE = {'timeout': 'long'}\n";
    for (recipe, module, code, part) in [
        ("modules: [{greet: you}]", module, 1, "it runs"),
        (
            "modules: [greet]",
            module,
            2,
            "build.yaml:2:11: the key `greeting` is missing",
        ),
        ("modules: [{greet: 5}]", module, 2, "build.yaml:2:19"),
        (
            "modules: [greet]",
            numbers,
            2,
            "its MODULE: invalid type: string \"long\"",
        ),
        (
            "modules: [greet]",
            "MODULE = 1 / 0\n",
            2,
            "modules/greet.star:1:10: ",
        ),
        (
            "modules: [greet]",
            "MODULE = None\n",
            2,
            "its MODULE is None, not a dict",
        ),
        (
            "modules: [greet]",
            "\u{feff}def modify(name, root, cfg):\n  fail('with a mark')\n",
            1,
            "modules/greet.star:2:3: with a mark",
        ),
        (
            "modules: [greet]",
            "MODULE = print\n",
            2,
            "its MODULE: a value of the type function is no data",
        ),
    ] {
        let work = project(recipe, module);
        let run = plan(&work);
        assert_eq!(run.code, Some(code), "{module}: {run:#?}");
        assert!(run.stderr.contains(part), "{module}: {run:#?}");
    }
}

#[test]
fn a_module_that_fails_ends_the_build_and_leaves_nothing() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("x = {}1{}\n", open.repeat(times), close.repeat(times))
    };
    let wide = format!("x = 1{}\n", "+1".repeat(65_000));
    let nots = format!("x = {}1\n", "not ".repeat(32_000));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (body("fail('no luck')").into(), "greet.star:2:5: no luck\n"),
        (
            body("root.read('/none')").into(),
            "greet.star:2:5: no such file in the image: /none",
        ),
        (body("return nmae").into(), "greet.star:2:12: "),
        (body("return (").into(), "greet.star:3:1: "),
        (
            b"x = 1".into(),
            "greet.star: it has no function `modify(name, root, cfg)`",
        ),
        (
            body("modify(name, root, cfg)").into(),
            "greet.star:2:5: more than 1000 calls",
        ),
        (
            body("for _ in range(10 * 100000000): pass").into(),
            "greet.star:2:5: it took more than",
        ),
        // Limits that the interpreter cannot keep by itself.
        (
            body("[0] * 2000000000").into(),
            "greet.star: it asked for more memory",
        ),
        (
            body("list(range(2000000000))").into(),
            "greet.star: it asked for more memory",
        ),
        (
            body("s = 'x'\n    for _ in range(100): s += s").into(),
            "greet.star: it asked for more memory",
        ),
        (
            body("for _ in range(40000000): print('y' * 50)").into(),
            "it printed more than 16777216 bytes",
        ),
        (
            deep("(", ")", 65_000).into(),
            "greet.star: it has no function",
        ),
        (
            deep("[", "]", 65_000).into(),
            "greet.star: it has no function",
        ),
        (
            deep("-", "", 131_000).into(),
            "greet.star: it has no function",
        ),
        (wide.into(), "greet.star: it has no function"),
        (nots.into(), "greet.star: it has no function"),
        (
            b"x = 1\ny = '\xff'\n".into(),
            "greet.star:2: byte 11 of the file is not UTF-8",
        ),
        (vec![b'#'; 300_000], "greet.star: it has more than 128 KiB"),
        (b"\0".into(), "greet.star:1:1: "),
    ];
    for (module, part) in cases {
        let text = String::from_utf8_lossy(&module[..module.len().min(80)]).into_owned();
        let work = project("modules: [hostname, greet]\nhostname: web", module);
        work.write("image.raw", "old");
        let run = kit::run(&mut work.hsb(["build"]));
        let end = run.stderr.chars().rev().take(2000).collect::<Vec<_>>();
        let end: String = end.into_iter().rev().collect();
        assert_eq!(run.code, Some(1), "{text}: {end}");
        assert!(
            end.contains("build.yaml:2:21: step 2 `greet`: "),
            "{text}: {end}"
        );
        assert!(end.contains(part), "{text}: no {part:?}: {end}");
        assert_eq!(fs::read(work.join("image.raw")).unwrap(), b"old", "{text}");
        assert!(!work.join(".image.raw.hsb-part").exists(), "{text}");
    }
}

#[test]
fn a_module_that_loads_itself_is_told() {
    let work = project("modules: [greet]", "load('lib/a.star', 'a')\n");
    work.write("modules/lib/a.star", "load('lib/b.star', 'a')\n");
    work.write("modules/lib/b.star", "load('lib/a.star', 'a')\n");
    let run = plan(&work);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr
            .contains("\"lib/a.star\" loads itself in the end"),
        "{run:#?}"
    );
}
