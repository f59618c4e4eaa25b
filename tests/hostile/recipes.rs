//! Recipes that are refused.

use super::{SMALL, Try, Work, none};

#[test]
fn recipes() {
    let bomb = |width: usize| {
        let levels = (1..24).map(|n| {
            let below = format!("*a{}", n - 1);
            format!("- &a{n} [{}]\n", vec![below; width].join(","))
        });
        format!(
            "modules: []\nseed:\n- &a0 x\n{}",
            levels.collect::<String>()
        )
    };
    let deep = |open: &str, close: &str, n: usize| {
        format!("seed: {}{}\n", open.repeat(n), close.repeat(n))
    };
    let keys = |n: usize| (0..n).map(|n| format!("key{n}: {n}\n")).collect::<String>();
    // What it is, the recipe, and what the message says.
    #[rustfmt::skip]
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", "".into(), "build.yaml:1:1: the recipe is empty"),
        ("a text", "image".into(), "build.yaml:1:1: expected keys with their values, found the string \"image\""),
        ("aliases that double", bomb(2).into(), "the recipe is too large from here on"),
        ("aliases that grow tenfold", bomb(10).into(), "the recipe is too large from here on"),
        ("an alias in itself", "seed: &a [*a]\n".into(), "build.yaml:1:11: this alias is inside the value that it stands for"),
        ("an unknown alias", "seed: *a\n".into(), "build.yaml:1:7: reference to unknown value"),
        ("merge keys that double", "a: &a {x: 1}\nb: &b {<<: *b}\n".into(), "build.yaml:2:"),
        ("a key twice", "name: a\nname: b\n".into(), "build.yaml:2:1: the key `name` is given twice"),
        ("a key twice, spelt otherwise", "modules: [add_user]\nadd_users: [a]\nadd-users: [b]\n".into(), "build.yaml:3:1: the key `add-users` is given twice: `add_users` is the same name"),
        ("a number as name", "name: 5\n".into(), "build.yaml:1:7: "),
        ("a list as name", "name: [a]\n".into(), "build.yaml:1:7: "),
        ("a mapping as size", "size: {a: 1}\n".into(), "build.yaml:1:7: "),
        ("nothing as modules", "modules: {}\n".into(), "build.yaml:1:10: "),
        ("a text as partitions", "partitions: all\n".into(), "build.yaml:1:13: "),
        ("a number as key", "5: a\n".into(), "build.yaml:1:1: "),
        ("a list as key", "[a]: b\n".into(), "build.yaml:1:1: "),
        ("an unknown table", "table: bsd\n".into(), "build.yaml:1:8: "),
        ("a size of 2^64", "size: 18446744073709551616\n".into(), "build.yaml:1:7: the number 18446744073709551616 is not between -9223372036854775808 and 9223372036854775807"),
        ("a size of 2^63", "size: 8388608T\n".into(), "build.yaml:1:7: \"8388608T\" is more than 2^63-1 bytes"),
        ("a size of 400 digits", format!("size: {}\n", "9".repeat(400)).into(), "build.yaml:1:7: value `999999"),
        ("a size below zero", "size: -1\n".into(), "build.yaml:1:7: "),
        ("a size that is infinite", "size: .inf\n".into(), "build.yaml:1:7: "),
        ("a leading zero", "modules: [files]\nfiles: [{path: /a, content: x, mode: 0644}]\n".into(), "build.yaml:2:38: the number 0644 starts with 0"),
        ("the name of a file elsewhere", "name: ../../etc/passwd\n".into(), "build.yaml:1:7: the name \"../../etc/passwd\" "),
        ("a tag of one's own", "name: !!python/object:os.system a\n".into(), "build.yaml:1:33: unsupported tag `!!python/object:os.system`"),
        ("a wrong tag", "name: !!int a\n".into(), "build.yaml:1:13: the value is not what its tag says"),
        ("a binary", b"name: \x80\xff\n".to_vec(), "build.yaml:1:7: this is not UTF-8 text"),
        ("UTF-16", b"\xff\xfen\0a\0m\0e\0".to_vec(), "build.yaml:1:1: this is not UTF-8 text"),
        ("NUL", "name: a\0b\n".into(), "build.yaml:1:"),
        ("a control character", "name: \"a\u{1b}[31m\"\n".into(), "build.yaml:1:"),
        ("tabs", "modules:\n\t- files\n".into(), "build.yaml:2:2: tabs disallowed within this context (block indentation)"),
        ("no end of a list", "modules: [files\n".into(), "build.yaml:"),
        ("no end of a text", "name: \"a\n".into(), "build.yaml:"),
        ("two documents", "name: a\n---\nname: b\n".into(), "build.yaml:3:1: a second document starts here"),
        ("25 lists", deep("[", "]", 25).into(), "lists and mappings are nested more than 24 deep"),
        ("100,000 lists", deep("[", "]", 100_000).into(), "build.yaml:1:"),
        ("100,000 mappings", deep("{a: ", "}", 100_000).into(), "build.yaml:1:"),
        ("100,000 lists without an end", deep("[", "", 100_000).into(), "build.yaml:1:"),
        ("100,000 anchors", (0..100_000).map(|n| format!("- &a{n} x\n")).collect::<String>().into(), "build.yaml:"),
        ("100,000 values too many", format!("seed: [{}]\n", "x,".repeat(100_000)).into(), "the recipe is too large from here on"),
        ("a key of a MiB", format!("{}: 1\n", "k".repeat(1 << 20)).into(), "build.yaml:1:1048577: mapping values are not allowed in this context"),
        ("a marked key of a MiB", format!("? {}\n: 1\n", "k".repeat(1 << 20)).into(), "build.yaml:1:3: unknown key `kkk"),
        ("a text of a MiB", format!("size: {}\n", "k".repeat(1 << 20)).into(), "build.yaml:1:7: "),
        ("a MiB of keys", keys(70_000).into(), "build.yaml:"),
        ("20,000 unknown keys", keys(20_000).into(), "build.yaml:1:1: unknown key `key0`"),
        ("17 MiB", vec![b'#'; 17 << 20], "build.yaml is no recipe: it has more than 16777216 bytes"),
        ("a module twice as wrong", "modules: [{files: 5}, {files: 6}]\n".into(), "build.yaml:1:"),
        ("a file from elsewhere", "modules: [files]\nfiles: [{path: /a, source: ../../../../../../etc/passwd}]\n".into(), "build.yaml:2:"),
    ];
    let work = Work::new("recipes");
    none(rows.into_iter().map(|(what, recipe, want)| {
        work.write("build.yaml", recipe);
        let attempt = Try {
            what,
            args: &["build", "-q"],
            memory: SMALL,
            code: 2,
            want: want.to_owned(),
        };
        attempt.complaint(&work)
    }));
}
