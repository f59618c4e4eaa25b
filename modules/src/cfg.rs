//! The recipe as one step sees it.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use crate::api;
use crate::value::{Data, Key, Map, Span, Value, ValueError, canonical};

/// The whole recipe, with the options that a step carries inline laid over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cfg {
    /// Shared by all steps.
    recipe: Arc<Map>,
    inline: Map,
    /// The module's keys.
    keys: Vec<String>,
    step: Span,
    kept: Kept,
}

/// What the check of the options has read and the step can use; it says nothing that the recipe
/// does not.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
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
        recipe: &Arc<Map>,
        keys: &[&str],
        inline: Option<&Value>,
        step: Span,
    ) -> Result<Self, ValueError> {
        Ok(Self {
            recipe: recipe.clone(),
            inline: match inline {
                None => Map::new(),
                Some(value) => inline_keys(keys, value)?,
            },
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            step,
            kept: Kept::default(),
        })
    }

    /// Keeps what a module's check has read, so that its step need not read it again.
    pub(crate) fn keep(&self, read: impl Any + Send) {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Box::new(read));
    }

    /// Returns what was kept, once.
    pub(crate) fn kept<T: Any>(&self) -> Option<T> {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take()?.downcast().ok().map(|kept| *kept)
    }

    /// Returns the value of any key of the recipe.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.inline.get(key).or_else(|| self.recipe.get(key))
    }

    /// Returns whether the step has a value of its own for a key.
    pub fn is_inline(&self, key: &str) -> bool {
        self.inline.get(key).is_some()
    }

    /// Returns the keys that are the module's own, as its type of options.
    ///
    /// # Errors
    ///
    /// Fails at the first key that does not fit.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let mut options = Map::new();
        for (key, value) in self.own() {
            options.insert(key.clone(), value.clone())?;
        }
        let options = Value {
            span: self.step,
            data: Data::Map(options),
        };
        options.decode()
    }

    /// Returns the whole recipe as a module of the user's gets it: the inline options first, each
    /// in the order of its keys. Those of the module are spelled as it spells them.
    pub fn to_data(&self) -> api::Data {
        let keys = self.keys();
        let entries = self.all().map(|(key, value)| {
            let name = canonical(&key.name, &keys).unwrap_or(&key.name);
            (name.to_owned(), data_of(value))
        });
        api::Data::Map(entries.collect())
    }

    /// Returns the keys that are the module's own, as plain data.
    pub fn own_data(&self) -> api::Data {
        data_of_map(self.own())
    }

    /// Returns the keys that are the module's own, as they were written. All inline keys are, so
    /// that a wrong one is found.
    pub fn own(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let keys = self.keys();
        self.all().filter(move |(key, _)| {
            self.inline.get(&key.name).is_some() || canonical(&key.name, &keys).is_some()
        })
    }

    /// Returns where the recipe names the step.
    pub fn span(&self) -> Span {
        self.step
    }

    fn keys(&self) -> Vec<&str> {
        self.keys.iter().map(String::as_str).collect()
    }

    fn all(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let recipe = self.recipe.iter();
        let beneath = recipe.filter(|(key, _)| self.inline.get(&key.name).is_none());
        self.inline.iter().chain(beneath)
    }
}

fn data_of_map<'v>(entries: impl Iterator<Item = (&'v Key, &'v Value)>) -> api::Data {
    let entries = entries.map(|(key, value)| (key.name.clone(), data_of(value)));
    api::Data::Map(entries.collect())
}

fn data_of(value: &Value) -> api::Data {
    match &value.data {
        Data::Null => api::Data::Null,
        Data::Bool(is_true) => api::Data::Bool(*is_true),
        Data::Integer(number) => api::Data::Int(*number),
        Data::Float(number) => api::Data::Float(*number),
        Data::String(text) => api::Data::from(text.as_str()),
        Data::List(items) => api::Data::List(items.iter().map(data_of).collect()),
        Data::Map(map) => data_of_map(map.iter()),
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
            let map = Arc::new(recipe.as_map().unwrap().clone());
            let cfg = Cfg::new(&map, module.keys, inline.as_ref(), Span::default()).unwrap();
            let found = cfg.options::<Options>();
            let found = found
                .map(|o| (o.files, o.remove))
                .map_err(|error| error.to_string());
            assert_eq!(found, want);
            assert_eq!(cfg.get("name"), Some(&value!("web")));
        }
    }
}
