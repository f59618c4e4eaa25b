//! Whole recipes: what they mean, and the exact words for what is wrong with them.

mod accept;

use std::path::Path;

use modules::{Cfg, Error, Host, Module, Root};

use super::*;

/// Modules with the keys that users know; they do nothing.
static KNOWN: &[Module] = &[
    module("add_user", &["add_users"]),
    module("files", &["files", "remove"]),
    module("hostname", &["hostname"]),
    module("install_rpms", &["rpms", "rpm_options"]),
];

const fn module(name: &'static str, keys: &'static [&'static str]) -> Module {
    fn check(_: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
        Ok(())
    }
    fn modify(_: &str, _: &mut Root<'_>, _: &Cfg) -> Result<(), Error> {
        Ok(())
    }
    Module {
        name,
        summary: "",
        details: "",
        keys,
        options: &[],
        example: "",
        check,
        modify,
    }
}

fn parse(text: &str) -> Result<Recipe, Problems> {
    super::parse(text, Path::new("build.yaml"), &|_| Ok(Library::of(KNOWN)))
}

/// Recipes that are wrong, each followed by the whole message.
const REJECTS: [(&str, &str); 4] = [
    ("text.txt", include_str!("tests/text.txt")),
    ("keys.txt", include_str!("tests/keys.txt")),
    ("steps.txt", include_str!("tests/steps.txt")),
    ("partitions.txt", include_str!("tests/partitions.txt")),
];

#[test]
fn mistakes_are_shown_at_their_place() {
    for (file, rows) in REJECTS {
        let mut rows = rows.split("<<<\n");
        assert_eq!(rows.next(), Some(""), "{file} starts with <<<");
        for row in rows {
            let (text, message) = row.split_once(">>>\n").unwrap();
            let shown = match parse(text) {
                Ok(recipe) => format!("{recipe:?}"),
                Err(problems) => problems.to_string(),
            };
            assert_eq!(
                shown.trim_end(),
                message.trim_end(),
                "{file}:\n{text}\n{shown}\n"
            );
        }
    }
}

#[test]
fn colours_change_no_letter() {
    let problems = parse("modules: [hostname, fils]\nsize: 4X").unwrap_err();
    let coloured = problems.coloured();
    let mut parts = coloured.split("\x1b[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain += part.split_once('m').unwrap().1;
    }
    assert_ne!(plain, coloured);
    assert_eq!(plain, problems.to_string());
}

/// A few lines, or one long one, cannot make the parser eat memory, time or stack.
#[test]
fn bombs() {
    let laughs = (1..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        let item = format!("*a{}, ", n - 1);
        text + &format!("a{n}: &a{n} [{}]\n", item.repeat(10))
    });
    let long = format!("a: &a {}\n{}", "x".repeat(1 << 20), "b: *a\n".repeat(99));
    let deep_block: String = (0..1000).map(|depth| " ".repeat(depth) + "a:\n").collect();
    let deep_keys = format!("{}a{}", "{? ".repeat(1000), "}".repeat(1000));
    let deep_list = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let large = "the recipe is too large from here on";
    let deep = "lists and mappings are nested more than 24 deep";
    for (text, expected) in [
        (laughs, large),
        (long, large),
        (deep_block, deep),
        (deep_keys, "recursion limit exceeded"),
        (deep_list, "recursion limit exceeded"),
    ] {
        let message = parse(&text).unwrap_err().to_string();
        let title = message.lines().next().unwrap();
        assert!(title.ends_with(expected), "{title}");
    }
}

#[test]
fn no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("build.yaml");
    let shown = |file: &Path| {
        let message = read(file, None).unwrap_err().to_string();
        message.replace(folder.path().to_str().unwrap(), "DIR")
    };
    let missing = "cannot read the recipe DIR/build.yaml: No such file or directory \
                   (os error 2); -f names another";
    assert_eq!(shown(&file), missing);
    let directory = "cannot read the recipe DIR: Is a directory (os error 21); -f names another";
    assert_eq!(shown(folder.path()), directory);

    std::fs::write(
        &file,
        "name: a\nseed: \u{e9}\u{e9}"
            .as_bytes()
            .split_last()
            .unwrap()
            .1,
    )
    .unwrap();
    let cut = "DIR/build.yaml:2:8: this is not UTF-8 text\n";
    assert!(shown(&file).starts_with(cut), "{}", shown(&file));

    std::fs::File::create(&file)
        .unwrap()
        .set_len((16 << 20) + 1)
        .unwrap();
    let large = "DIR/build.yaml is no recipe: it has more than 16777216 bytes";
    assert_eq!(shown(&file), large);
}

#[test]
fn modules_check_their_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("build.yaml");
    let text = "modules: [hostname, {hostname: b_d}, hostname]\nhostname: a b\n";
    std::fs::write(&file, text).unwrap();
    let message = read(&file, None).unwrap_err().to_string();
    let titles: Vec<_> = message
        .lines()
        .filter(|line| line.contains("build.yaml:"))
        .collect();
    // The first and the third step share their mistake.
    assert_eq!(titles.len(), 2, "{message}");
    assert!(
        titles[0].contains("build.yaml:1:32: hostname \"b_d\" "),
        "{message}"
    );
    assert!(
        titles[1].contains("build.yaml:2:11: hostname \"a b\" "),
        "{message}"
    );
}

#[test]
fn a_failed_step_is_shown_at_its_line() {
    let recipe = parse("remove: []\nmodules:\n- files\n- hostname: web1\n").unwrap();
    let step = &recipe.steps[1];
    let value = step.cfg.get("hostname").unwrap();
    for (error, title) in [
        (
            Error::Option(ValueError::new(value.span, "no").help("yes")),
            "build.yaml:4:13: step 2 `hostname`: no",
        ),
        (
            Error::Option(ValueError::new(step.span, "no")),
            "build.yaml:4:3: step 2 `hostname`: no",
        ),
    ] {
        let shown = recipe.step_error(step, &error).to_string();
        assert_eq!(shown.lines().next(), Some(title));
        assert_eq!(shown.contains("help: yes"), title.contains(":13:"));
    }
}

#[test]
fn every_key_is_described() {
    let names = |docs: &[modules::OptionDoc]| {
        let mut names: Vec<&str> = docs.iter().map(|doc| doc.name).collect();
        names.sort_unstable();
        names.join(" ")
    };
    let mut keys: Vec<&str> = KEYS.into_iter().filter(|key| *key != "modules").collect();
    keys.sort_unstable();
    assert_eq!(names(doc::RECIPE), keys.join(" "));
    // The message about an unknown key lists those that are read.
    for (text, docs) in [
        ("partitions: [{zzz: a}]", doc::PARTITION),
        ("source: {zzz: a}", doc::SOURCE),
    ] {
        let message = parse(text).unwrap_err().to_string();
        let (_, known) = message.split_once("known here: ").unwrap();
        let mut known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        known.sort_unstable();
        assert_eq!(names(docs), known.join(" "));
    }
}
