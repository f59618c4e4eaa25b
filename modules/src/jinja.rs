//! Texts with gaps, in the language of Jinja.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use crate::api::Data;

/// How many steps of its interpreter a template may take: far more than any file of settings, but
/// soon over for a loop that never ends.
const FUEL: u64 = 10_000_000;

/// Renders a template; lines that hold nothing but a statement vanish, as users of Ansible know it.
///
/// A variable that is not given is an error. Errors name the template and its line.
pub(crate) fn render(name: &str, text: &[u8], vars: &Data) -> Result<String, String> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        format!("template: {name} is not UTF-8 text: byte {at} begins no character")
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
            _ if error.kind() == ErrorKind::OutOfFuel => format!(
                "it takes more than {FUEL} steps (expressions and rounds of loops), the most that \
                 are allowed; loop over less, or write the file in a module of your own"
            ),
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        format!("template: {name}:{line}: {what}")
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
