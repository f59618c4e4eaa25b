//! The documentation of the modules that come with hsb is made of their code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use modules::{BUILTINS, Module, OptionDoc, Presence};

const HEAD: &str = "\
# The modules that come with hsb

Each is a step of `modules:`, with its options at the top of the recipe or inline, as in
`modules: [{hostname: web1}]`. A key at the top that each step of its module has inline is an error.
`hsb modules NAME` prints the same as below. Modules change files and nothing else: none runs a
program of the image, and one that runs twice changes nothing the second time. Through a link to
`/dev/null`, which masks a file, nothing is written: that is an error until the link is removed.

";

#[test]
fn the_documentation_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/default-modules.md");
    let wanted = documentation();
    if std::env::var_os("HSB_WRITE_DOCS").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/default-modules.md is not what the modules say of themselves; \
         HSB_WRITE_DOCS=1 cargo test is_what_the_code writes it"
    );
}

/// Returns the file as it has to be.
fn documentation() -> String {
    let mut text = HEAD.to_owned();
    text += "| module | keys | does |\n|---|---|---|\n";
    for Module {
        name,
        summary,
        keys,
        ..
    } in BUILTINS
    {
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        writeln!(
            text,
            "| [{name}](#{name}) | {} | {summary} |",
            keys.join(", ")
        )
        .unwrap();
    }
    for module in BUILTINS {
        write!(
            text,
            "\n## {}\n\n{}.\n",
            module.name,
            sentence(module.summary)
        )
        .unwrap();
        if !module.details.is_empty() {
            write!(text, "\n{}\n", module.details).unwrap();
        }
        text.push('\n');
        options(&mut text, module.options, 0);
        write!(text, "\n```yaml\n{}```\n", module.example).unwrap();
    }
    text
}

fn sentence(summary: &str) -> String {
    let (first, rest) = summary.split_at(1);
    first.to_uppercase() + rest
}

/// Adds an item for each option, and those of the mappings in it further to the right.
fn options(text: &mut String, docs: &[OptionDoc], indent: usize) {
    for doc in docs {
        let presence = match doc.presence {
            Presence::Required => ", required".to_owned(),
            Presence::Optional => String::new(),
            Presence::Default(value) => format!(", default `{value}`"),
        };
        let OptionDoc {
            name,
            shape,
            summary,
            ..
        } = doc;
        let indented = " ".repeat(indent);
        writeln!(text, "{indented}- `{name}` ({shape}{presence}): {summary}").unwrap();
        for below in shape.mappings() {
            options(text, below, indent + 2);
        }
    }
}
