//! JSON Schema of build.yaml, for editors: the recipe's own keys, and those of all modules here.

use modules::{OptionDoc, Presence, Shape};
use serde_json::{Map, Value, json};

use crate::library::Library;
use crate::module::Module;
use crate::recipe::doc;

/// Returns the schema, of the dialect 2020-12.
///
/// A recipe may write `-` for `_` in every key; the schema knows the spelling with `_` alone.
pub(crate) fn schema(library: &Library) -> Value {
    let mut properties = fields(doc::RECIPE);
    let mut names = Vec::new();
    let mut inline = Map::new();
    let mut is_open = false;
    for name in library.names() {
        // One that cannot be used is none that an editor should offer.
        let Ok(module) = library.find(&name) else {
            continue;
        };
        let keys = match &module {
            Module::BuiltIn(module) => fields(module.options),
            Module::Own(own) => match &own.declared {
                None => {
                    is_open = true;
                    Map::new()
                }
                Some(declared) => {
                    let keys = declared.keys.iter();
                    keys.map(|(key, schema)| (key.clone(), json!(schema)))
                        .collect()
                }
            },
        };
        inline.insert(name.clone(), step(&module, &keys));
        names.push(name);
        properties.extend(keys);
    }
    properties.insert(
        "modules".to_owned(),
        json!({
            "description": doc::MODULES,
            "type": ["array", "null"],
            "items": {"anyOf": [
                {"enum": names},
                {"type": "object", "properties": inline, "additionalProperties": false,
                 "minProperties": 1, "maxProperties": 1},
            ]},
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hsb build.yaml",
        "type": "object",
        "properties": properties,
        // A module that does not declare its keys may have any.
        "additionalProperties": is_open,
    })
}

/// Returns what a step can carry inline: its module's keys, or a value for the main one.
fn step(module: &Module, keys: &Map<String, Value>) -> Value {
    if module.is_undeclared() {
        return json!({});
    }
    let mut forms = vec![
        json!({"type": "null"}),
        json!({"type": "object", "properties": keys, "additionalProperties": false}),
    ];
    let main = module.main().and_then(|main| keys.get(main));
    forms.extend(main.cloned());
    json!({"anyOf": forms})
}

/// Returns the schema of each option, by name.
fn fields(docs: &[OptionDoc]) -> Map<String, Value> {
    let fields = docs.iter().map(|doc| {
        let mut schema = shape(&doc.shape);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), doc.summary.into());
            if let Presence::Default(value) = doc.presence {
                schema.insert("default".to_owned(), default(&doc.shape, value));
            }
        }
        (doc.name.to_owned(), schema)
    });
    fields.collect()
}

/// Returns a default, which is written as YAML has it, as JSON.
fn default(shape: &Shape, value: &str) -> Value {
    match shape {
        Shape::Text | Shape::OneOf(_) | Shape::Mode => value.trim_matches('"').into(),
        _ => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    }
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Number => json!({"type": "number"}),
        Shape::Text => json!({"type": "string"}),
        Shape::OneOf(texts) => json!({"enum": texts}),
        Shape::Any => json!({}),
        Shape::Mode => json!({"type": "string", "pattern": "^0?[0-7]{1,4}$"}),
        Shape::List(item) => json!({"type": "array", "items": self::shape(item)}),
        Shape::Table(value) => {
            json!({"type": "object", "additionalProperties": self::shape(value)})
        }
        Shape::Map(docs) => {
            let required = docs.iter().filter(|doc| doc.presence == Presence::Required);
            let required: Vec<&str> = required.map(|doc| doc.name).collect();
            json!({"type": "object", "properties": fields(docs), "required": required,
                   "additionalProperties": false})
        }
        Shape::AnyOf(shapes) => {
            let shapes: Vec<Value> = shapes.iter().map(self::shape).collect();
            json!({"anyOf": shapes})
        }
    }
}
