//! `template`: files made from a text with gaps, in the language of Jinja.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::content::{Dress, GROUP, MODE, OWNER, PARENTS};
use super::operation::{Operation, Type, optional, required};
use super::{Data, Error};

/// How many steps of its interpreter a template may take: far more than any file of settings, but
/// soon over for a loop that never ends.
const FUEL: u64 = 10_000_000;

pub(super) const TEMPLATE: Operation = Operation {
    name: "template",
    summary: "writes a file from a Jinja template; a variable that is not given is an error",
    parameters: &[
        required("path", Type::Path, "the file to write"),
        optional(
            "text",
            Type::Text,
            "the template; the file itself is one if neither is given",
        ),
        optional(
            "source",
            Type::Text,
            "or a file of the project's folder that holds it",
        ),
        optional("vars", Type::Map, "the variables, by name"),
        MODE,
        OWNER,
        GROUP,
        PARENTS,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, text, source) = (args.bytes(), args.maybe_bytes(), args.maybe_text());
        let vars = args.any();
        let dress = Dress::read(root, args)?;
        let (name, text) = match (text, source) {
            (Some(_), Some(_)) => {
                let error = Error::invalid("template: `text` and `source` are both given");
                return Err(error.help("leave one of them out"));
            }
            (Some(text), None) => ("text".to_owned(), text),
            (None, Some(source)) => {
                let text = root.read_host(&source)?;
                (source, text)
            }
            (None, None) => (crate::root::show(&path), root.read(&path)?),
        };
        let rendered = render(&name, &text, &vars)?;
        dress.make_way(root, &path)?;
        root.write(&path, rendered)?;
        dress.put_on(root, &path)
    },
};

/// Renders a template; lines that hold nothing but a statement vanish, as users of Ansible know it.
fn render(name: &str, text: &[u8], vars: &Data) -> Result<String, Error> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        Error::other(format!(
            "template: {name} is not UTF-8 text: byte {at} begins no character"
        ))
    })?;
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the usual signs");
    let mut environment = Environment::new();
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Settings are no HTML, whatever the file is called.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    let vars = match vars {
        Data::Null => value(&Data::Map(Vec::new())),
        vars => value(vars),
    };
    let rendered = environment.render_named_str(name, text, vars);
    rendered.map_err(|error| {
        let line = error.line().unwrap_or_default();
        let what = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        Error::other(format!("template: {name}:{line}: {what}"))
    })
}

fn value(data: &Data) -> Value {
    match data {
        Data::Null => Value::from(()),
        Data::Bool(value) => Value::from(*value),
        Data::Int(number) => Value::from(*number),
        Data::Float(number) => Value::from(*number),
        Data::Bytes(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
        Data::List(items) => items.iter().map(value).collect(),
        Data::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.clone(), value(item)));
            Value::from_object(entries.collect::<BTreeMap<_, _>>())
        }
    }
}
