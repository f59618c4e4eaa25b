//! Whole recipes: what they mean, and the exact words for what is wrong with them.

mod accept;
mod reject;

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
    Module { name, summary: "", keys, check, modify }
}

fn parse(text: &str) -> Result<Recipe, Problems> {
    super::parse(text, Path::new("build.yaml"), KNOWN)
}

#[test]
fn a_problem_is_shown_in_its_lines() {
    let text = "\
# The image of the web servers.
name: web
partitions:
- {mount: /, size: 4X}

hostnmae:
- web1
- web2
modules: [hostname, fils]
";
    let problems = parse(text).unwrap_err();
    let shown = r#"build.yaml:4:18: "4X" is no size
  |
4 | - {mount: /, size: 4X}
  |                    ^^
  |
  = help: write bytes, or a number with K, M, G, T (or KiB, MiB, GiB, TiB: powers of 1024) or with KB, MB, GB, TB (powers of 1000); `auto` fits the content, `+512M` leaves that much free

build.yaml:9:21: unknown module `fils`
  |
9 | modules: [hostname, fils]
  |                     ^^^^
  |
  = help: did you mean `files`? known here: `add_user`, `files`, `hostname`, `install_rpms`"#;
    assert_eq!(problems.to_string(), shown);
    // The same with colours.
    let coloured = problems.coloured();
    assert!(coloured.contains("\x1b["));
    let mut plain = String::new();
    for part in coloured.split("\x1b[") {
        let end = part.find('m').filter(|_| !plain.is_empty()).map_or(0, |at| at + 1);
        plain.push_str(&part[end..]);
    }
    assert_eq!(plain, shown);
}

#[test]
fn no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("build.yaml");
    let shown = |file: &Path| {
        let message = read(file).unwrap_err().to_string();
        message.replace(folder.path().to_str().unwrap(), "DIR")
    };
    let missing = "cannot read the recipe DIR/build.yaml: No such file or directory \
                   (os error 2); -f names another";
    assert_eq!(shown(&file), missing);
    let directory = "cannot read the recipe DIR: Is a directory (os error 21); -f names another";
    assert_eq!(shown(folder.path()), directory);

    std::fs::write(&file, "name: a\nseed: \u{e9}\u{e9}".as_bytes().split_last().unwrap().1).unwrap();
    let cut = "DIR/build.yaml:2:8: this is not UTF-8 text\n";
    assert!(shown(&file).starts_with(cut), "{}", shown(&file));

    std::fs::File::create(&file).unwrap().set_len((16 << 20) + 1).unwrap();
    let large = "DIR/build.yaml is no recipe: it has more than 16777216 bytes";
    assert_eq!(shown(&file), large);
}

#[test]
fn modules_check_their_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("build.yaml");
    let text = "modules: [hostname, {hostname: b_d}, hostname]\nhostname: a b\n";
    std::fs::write(&file, text).unwrap();
    let message = read(&file).unwrap_err().to_string();
    let titles: Vec<_> = message.lines().filter(|line| line.contains("build.yaml:")).collect();
    // The first and the third step share their mistake.
    assert_eq!(titles.len(), 2, "{message}");
    assert!(titles[0].contains("build.yaml:1:32: hostname \"b_d\" "), "{message}");
    assert!(titles[1].contains("build.yaml:2:11: hostname \"a b\" "), "{message}");
}

#[test]
fn a_failed_step_is_shown_at_its_line() {
    let recipe = parse("hostname: x\nmodules:\n- files\n- hostname: web1\n").unwrap();
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
