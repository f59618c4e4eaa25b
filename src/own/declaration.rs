//! What a module says about itself before it runs: its keys in the recipe, with their types.
//!
//! The types are a part of JSON Schema: `type`, `items`, `enum`, `required` (of one key), `default`
//! and `description`. In a Python module the declaration is the literal `MODULE`; beside an
//! executable it is `NAME.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use modules::Cfg;
use modules::value::{Data, Value, ValueError, canonical, nearest, same_name};
use serde::Deserialize;
use serde_json::json;

/// A module's own words on itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// What it does, in one line.
    #[serde(default)]
    pub summary: String,
    /// The keys of the recipe that are its own.
    #[serde(default)]
    pub keys: BTreeMap<String, Schema>,
    /// The key that an inline value which is no mapping is for.
    pub main: Option<String>,
    /// How many seconds it may run.
    pub timeout: Option<u64>,
}

/// What the value of one key can be.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The type of the value; any where it is left out.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What the values of a list are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// The only values there are.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// Whether the recipe must have the key.
    #[serde(default, skip_serializing)]
    pub required: bool,
    /// What the module takes for a key that is left out; shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// What it means, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// A type of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Kind::String => "a text",
            Kind::Integer => "a whole number",
            Kind::Number => "a number",
            Kind::Boolean => "true or false",
            Kind::Array => "a list",
            Kind::Object => "a mapping",
        }
    }

    fn fits(self, data: &Data) -> bool {
        matches!(
            (self, data),
            (Kind::String, Data::String(_))
                | (Kind::Integer | Kind::Number, Data::Integer(_))
                | (Kind::Number, Data::Float(_))
                | (Kind::Boolean, Data::Bool(_))
                | (Kind::Array, Data::List(_))
                | (Kind::Object, Data::Map(_))
        )
    }
}

impl Declaration {
    /// Finds what is wrong with the declaration itself; `reserved` are the keys of every recipe.
    ///
    /// # Errors
    ///
    /// Fails with one line on the first mistake.
    pub(super) fn check_itself(&self, reserved: &[&str]) -> Result<(), String> {
        let keys: Vec<&str> = self.keys.keys().map(String::as_str).collect();
        for (place, key) in keys.iter().enumerate() {
            if key.is_empty() {
                return Err("`keys`: one has no name".to_owned());
            }
            let wrong = self.keys[*key].check_itself();
            wrong.map_err(|wrong| format!("`keys`: `{key}`: {wrong}"))?;
            if let Some(own) = canonical(key, reserved) {
                return Err(format!(
                    "`keys`: every recipe has the key `{own}`; call that of the module otherwise"
                ));
            }
            if let Some(other) = keys[..place].iter().find(|other| same_name(other, key)) {
                return Err(format!("`keys`: `{other}` and `{key}` are one name"));
            }
        }
        match &self.main {
            Some(main) if !self.keys.contains_key(main) => {
                Err(format!("`main`: `{main}` is none of its `keys`"))
            }
            _ => Ok(()),
        }
    }

    /// Returns an example of a recipe with a step of the module, and every key.
    pub(crate) fn example(&self, name: &str) -> String {
        let mut text = format!("modules: [{name}]\n");
        for key in self.keys() {
            text += &format!("{key}: {}\n", self.keys[key].example());
        }
        text
    }

    /// Returns the keys, the main one first.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let is_main = |key: &&str| Some(*key) == self.main.as_deref();
        let (mut main, others): (Vec<&str>, Vec<&str>) =
            self.keys.keys().map(String::as_str).partition(is_main);
        main.extend(others);
        main
    }

    /// Returns how long the module may run.
    pub(super) fn time_limit(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }

    /// Finds what the recipe says that the module does not take.
    ///
    /// # Errors
    ///
    /// Fails with the first mistake.
    pub(super) fn check(&self, cfg: &Cfg) -> Result<(), ValueError> {
        for (key, value) in cfg.own() {
            match canonical(&key.name, &self.keys()) {
                Some(name) => self.keys[name].check(value)?,
                None => {
                    let error = ValueError::new(key.span, format!("unknown key `{}`", key.name));
                    return Err(match nearest(&key.name, self.keys()) {
                        Some(meant) => error.help(format!("did you mean `{meant}`?")),
                        None => error,
                    });
                }
            }
        }
        for (name, schema) in &self.keys {
            if schema.required && cfg.get(name).is_none() {
                let message = format!("the key `{name}` is missing");
                let error = ValueError::new(cfg.span(), message);
                return Err(match schema.description.as_str() {
                    "" => error,
                    text => error.help(text),
                });
            }
        }
        Ok(())
    }
}

/// Names the type for people.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.values, self.kind, &self.items) {
            (Some(values), ..) => write!(f, "one of {}", values.join(", ")),
            (None, None | Some(Kind::Array), Some(items)) => write!(f, "a list, each {items}"),
            (None, kind, _) => f.write_str(kind.map_or("anything", Kind::expected)),
        }
    }
}

impl Schema {
    /// Finds what is wrong with the schema itself.
    fn check_itself(&self) -> Result<(), String> {
        let is = |wanted| self.kind.is_none_or(|kind| kind == wanted);
        match (&self.values, &self.items) {
            (Some(values), _) if values.is_empty() => Err("`enum` has no values")?,
            (Some(_), _) if !is(Kind::String) => Err("`enum` is for a `type` of \"string\"")?,
            (_, Some(_)) if !is(Kind::Array) => Err("`items` is for a `type` of \"array\"")?,
            (_, Some(items)) => items
                .check_itself()
                .map_err(|why| format!("`items`: {why}"))?,
            _ => {}
        }
        match &self.default {
            Some(default) if !self.takes(default) => {
                Err(format!("`default`: {default} is not {self}"))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a value fits.
    fn takes(&self, value: &serde_json::Value) -> bool {
        let is_of_kind = match self.kind {
            None => true,
            Some(Kind::String) => value.is_string(),
            Some(Kind::Integer) => value.is_i64() || value.is_u64(),
            Some(Kind::Number) => value.is_number(),
            Some(Kind::Boolean) => value.is_boolean(),
            Some(Kind::Array) => value.is_array(),
            Some(Kind::Object) => value.is_object(),
        };
        let is_one =
            |values: &Vec<String>| values.iter().any(|one| Some(&one[..]) == value.as_str());
        let mut items = value.as_array().into_iter().flatten();
        is_of_kind
            && self.values.as_ref().is_none_or(is_one)
            && self
                .items
                .as_ref()
                .is_none_or(|of| items.all(|item| of.takes(item)))
    }

    /// Returns a value that fits.
    fn example(&self) -> serde_json::Value {
        if let Some(default) = &self.default {
            return default.clone();
        }
        if let Some(first) = self.values.as_ref().and_then(|values| values.first()) {
            return json!(first);
        }
        match self.kind {
            None | Some(Kind::String) => json!("..."),
            Some(Kind::Integer) => json!(1),
            Some(Kind::Number) => json!(0.5),
            Some(Kind::Boolean) => json!(true),
            Some(Kind::Array) => {
                let item = self.items.as_deref();
                json!([item.map_or_else(|| json!("..."), Schema::example)])
            }
            Some(Kind::Object) => json!({}),
        }
    }

    fn check(&self, value: &Value) -> Result<(), ValueError> {
        if let Some(kind) = self.kind
            && !kind.fits(&value.data)
        {
            return Err(value.mismatch(kind.expected()));
        }
        if let Some(values) = &self.values {
            let one_of = format!("write one of: {}", values.join(", "));
            let Some(found) = value.as_str() else {
                return Err(value.mismatch("a text").help(one_of));
            };
            if !values.iter().any(|value| value == found) {
                let message = format!("{found:?} is not one of the values here");
                return Err(ValueError::new(value.span, message).help(one_of));
            }
        }
        if let (Some(items), Some(list)) = (&self.items, value.as_list()) {
            list.iter().try_for_each(|item| items.check(item))?;
        }
        Ok(())
    }
}
