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
    // Names what is undefined.
    environment.set_debug(true);
    let vars = match vars {
        Data::Null => Ok(Value::from_object(BTreeMap::<String, Value>::new())),
        vars => value(vars),
    };
    let vars = vars.map_err(|bytes| {
        let bytes = bytes.escape_ascii();
        format!("template: {name}: the variable with \"{bytes}\" is not UTF-8 text")
    })?;
    let rendered = environment.render_named_str(name, text, vars);
    rendered.map_err(|error| {
        let line = error.line().unwrap_or_default();
        let what = match error.detail() {
            _ if error.kind() == ErrorKind::OutOfFuel => format!(
                "it takes more than {FUEL} steps (expressions and rounds of loops), the most that \
                 are allowed; loop over less, or write the file in a module of your own"
            ),
            Some(detail) if error.kind() == ErrorKind::UndefinedError => detail.to_owned(),
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        format!("template: {name}:{line}: {what}")
    })
}

/// Returns a value of Jinja's; fails with bytes that are no text.
fn value(data: &Data) -> Result<Value, &[u8]> {
    Ok(match data {
        Data::Null => Value::from(()),
        Data::Bool(value) => Value::from(*value),
        Data::Int(number) => Value::from(*number),
        Data::Float(number) => Value::from(*number),
        Data::Bytes(text) => Value::from(std::str::from_utf8(text).map_err(|_| &text[..])?),
        Data::List(items) => {
            let items = items.iter().map(value);
            Value::from(items.collect::<Result<Vec<Value>, &[u8]>>()?)
        }
        Data::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, item)| Ok((key.clone(), value(item)?)));
            Value::from_object(entries.collect::<Result<BTreeMap<String, Value>, &[u8]>>()?)
        }
    })
}
