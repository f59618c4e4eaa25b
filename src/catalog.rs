//! What `hsb modules` prints: the modules that are here, and the options of one.

use std::fmt::Write as _;

use modules::{OptionDoc, Presence};

use crate::library::Library;
use crate::module::Module;
use crate::own::{Declaration, Kind, Own};

/// Returns a line for each module: its name, what it does, and its file where it has one.
///
/// A module whose declaration cannot be read is listed with what is wrong with it.
pub(crate) fn list(library: &Library) -> String {
    let names = library.names();
    let widest = names.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for name in &names {
        let line = match library.find(name) {
            Ok(Module::BuiltIn(module)) => module.summary.to_owned(),
            Ok(Module::Own(own)) => match summary(&own) {
                "" => format!("({})", own.shown),
                summary => format!("{summary} ({})", own.shown),
            },
            Err(missing) => missing.message,
        };
        text += &format!("{name:widest$}  {line}\n");
    }
    text
}

fn summary(own: &Own) -> &str {
    own.declared
        .as_ref()
        .map_or("", |declared| &declared.summary)
}

/// Describes one module: what it does, where it comes from, its options and an example.
pub(crate) fn describe(module: &Module) -> String {
    let mut text = String::new();
    match module {
        Module::BuiltIn(module) => {
            text += &format!(
                "{}: {}\nIt comes with hsb.\n\n",
                module.name, module.summary
            );
            if !module.details.is_empty() {
                text += &format!("{}\n\n", module.details);
            }
            options(&mut text, module.options, 2);
            text += "\nExample:\n\n";
            for line in module.example.lines() {
                text += &format!("    {line}\n");
            }
        }
        Module::Own(own) => {
            match summary(own) {
                "" => text += &format!("{}\n", own.name),
                summary => text += &format!("{}: {summary}\n", own.name),
            }
            text += &format!("It is {}.\n", own.shown);
            match &own.declared {
                None => text += "It does not declare its keys: it may read any of the recipe.\n",
                Some(declared) => {
                    declared_keys(&mut text, declared);
                    text += "\nExample:\n\n";
                    for line in declared.example(&own.name).lines() {
                        text += &format!("    {line}\n");
                    }
                }
            }
        }
    }
    text
}

/// Adds a line for each option, and those of the mappings in it further to the right.
fn options(text: &mut String, docs: &[OptionDoc], indent: usize) {
    for doc in docs {
        let presence = match doc.presence {
            Presence::Required => "required".to_owned(),
            Presence::Optional => "optional".to_owned(),
            Presence::Default(value) => format!("default {value}"),
        };
        let OptionDoc {
            name,
            shape,
            summary,
            ..
        } = doc;
        text.extend(std::iter::repeat_n(' ', indent));
        *text += &format!("{name}: {shape}; {presence}; {summary}\n");
        for below in shape.mappings() {
            options(text, below, indent + 2);
        }
    }
}

fn declared_keys(text: &mut String, declared: &Declaration) {
    text.push('\n');
    for name in declared.keys() {
        let schema = &declared.keys[name];
        let presence = match (schema.required, &schema.default) {
            (true, _) => "required".to_owned(),
            (false, None) => "optional".to_owned(),
            (false, Some(value)) => format!("default {value}"),
        };
        // Writing to a text cannot fail.
        write!(text, "  {name}: {schema}; {presence}").ok();
        if !schema.description.is_empty() {
            *text += &format!("; {}", schema.description);
        }
        text.push('\n');
    }
}

/// Returns the text of a module to start from.
pub(crate) fn template(kind: Kind, name: &str) -> String {
    let text = match kind {
        Kind::Python => include_str!("catalog/template.py"),
        Kind::Starlark => include_str!("catalog/template.star"),
        Kind::Executable => include_str!("catalog/template.sh"),
    };
    text.replace("NAME", name)
}
