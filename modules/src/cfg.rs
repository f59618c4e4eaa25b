//! The recipe as one step sees it.

use serde::de::DeserializeOwned;

use crate::api;
use crate::value::{Data, Key, Map, Span, Value, ValueError, canonical};

/// The whole recipe, with the options that a step carries inline laid over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cfg {
    all: Map,
    options: Value,
}

impl Cfg {
    /// Returns what a step at `step` sees of the recipe, whose module has these keys.
    ///
    /// The inline options are a mapping of the module's keys, or anything else for the first one:
    /// `hostname: web1` stands for `hostname: {hostname: web1}`.
    ///
    /// # Errors
    ///
    /// Fails when an inline key is given twice.
    pub fn new(
        recipe: &Map,
        keys: &[&str],
        inline: Option<&Value>,
        step: Span,
    ) -> Result<Self, ValueError> {
        let inline = match inline {
            None => Map::new(),
            Some(value) => inline_keys(keys, value)?,
        };
        let mut all = inline.clone();
        for (key, value) in recipe.iter() {
            if inline.get(&key.name).is_none() {
                all.insert(key.clone(), value.clone())?;
            }
        }
        // A step's inline keys are all options, so that a wrong one is found when they are decoded.
        let mut options = Map::new();
        for (key, value) in all.iter() {
            if inline.get(&key.name).is_some() || canonical(&key.name, keys).is_some() {
                options.insert(key.clone(), value.clone())?;
            }
        }
        let options = Value {
            span: step,
            data: Data::Map(options),
        };
        Ok(Self { all, options })
    }

    /// Returns the value of any key of the recipe.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.all.get(key)
    }

    /// Returns the keys that are the module's own, as its type of options.
    ///
    /// # Errors
    ///
    /// Fails at the first key that does not fit.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        self.options.decode()
    }

    /// Returns the whole recipe as a module of the user's gets it, in the order of its keys.
    pub fn to_data(&self) -> api::Data {
        data_of_map(&self.all)
    }

    /// Returns the keys that are the module's own, as they were written.
    pub fn own(&self) -> &Map {
        // OK to expect: `new` makes it one.
        self.options.as_map().expect("a mapping")
    }

    /// Returns where the recipe names the step.
    pub fn span(&self) -> Span {
        self.options.span
    }
}

fn data_of_map(map: &Map) -> api::Data {
    let entries = map.iter();
    api::Data::Map(
        entries
            .map(|(key, value)| (key.name.clone(), data_of(value)))
            .collect(),
    )
}

fn data_of(value: &Value) -> api::Data {
    match &value.data {
        Data::Null => api::Data::Null,
        Data::Bool(is_true) => api::Data::Bool(*is_true),
        Data::Integer(number) => api::Data::Int(*number),
        Data::Float(number) => api::Data::Float(*number),
        Data::String(text) => api::Data::from(text.as_str()),
        Data::List(items) => api::Data::List(items.iter().map(data_of).collect()),
        Data::Map(map) => data_of_map(map),
    }
}

fn inline_keys(keys: &[&str], value: &Value) -> Result<Map, ValueError> {
    let mut map = Map::new();
    match (&value.data, keys.first()) {
        (Data::Map(keys), _) => map = keys.clone(),
        // `- files:` with nothing behind it.
        (Data::Null, _) | (_, None) => {}
        (_, Some(name)) => {
            let key = Key {
                name: (*name).to_owned(),
                span: value.span,
            };
            map.insert(key, value.clone())?;
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::kit::value;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        files: Option<String>,
        remove: Option<String>,
    }

    #[test]
    fn inline_options_lie_over_those_of_the_recipe() {
        let recipe = value!({"name": "web", "files": "top", "hostname": "h"});
        let module = crate::find("files").unwrap();
        let ok = |files: Option<&str>, remove: Option<&str>| {
            Ok((files.map(str::to_owned), remove.map(str::to_owned)))
        };
        for (inline, want) in [
            (None, ok(Some("top"), None)),
            (Some(value!("inline")), ok(Some("inline"), None)),
            (Some(value!({"files": "inline"})), ok(Some("inline"), None)),
            (Some(value!({"remove": "r"})), ok(Some("top"), Some("r"))),
            (
                Some(Value {
                    span: Span::default(),
                    data: Data::Null,
                }),
                ok(Some("top"), None),
            ),
            (
                Some(value!({"hostname": "x"})),
                Err("unknown key `hostname`".to_owned()),
            ),
            (
                Some(value!({"fils": "x"})),
                Err("unknown key `fils`".to_owned()),
            ),
        ] {
            let map = recipe.as_map().unwrap();
            let cfg = Cfg::new(map, module.keys, inline.as_ref(), Span::default()).unwrap();
            let found = cfg.options::<Options>();
            let found = found
                .map(|o| (o.files, o.remove))
                .map_err(|error| error.to_string());
            assert_eq!(found, want);
            assert_eq!(cfg.get("name"), Some(&value!("web")));
        }
    }
}
