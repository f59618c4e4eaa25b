//! Options whose keys are names that the user chooses: `{net.ipv4.ip_forward: 1}`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::value::Spanned;

/// A mapping of any names, in the order of the recipe.
pub(crate) struct Named<T>(pub(crate) Vec<(Spanned<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Named(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use crate::value::{Key, Map, Span, Value};
    use crate::{Cfg, Error, find};

    /// Returns the column that a wrong key is told of by, where all keys stand in column 3, and all
    /// values in column 9.
    fn column(module: &str, options: &[&str], key: &str, value: Value) -> usize {
        let at = |column| Span {
            line: 4,
            column,
            ..Span::default()
        };
        let module = find(module).unwrap();
        let names = std::iter::once(&key)
            .chain(options)
            .chain(&module.keys[..1]);
        let mut inner = value;
        for name in names {
            inner.span = at(9);
            let mut map = Map::new();
            let key = Key {
                name: (*name).to_owned(),
                span: at(3),
            };
            map.insert(key, inner).unwrap();
            inner = map.into();
        }
        let recipe = inner.as_map().unwrap().clone();
        let cfg = Cfg::new(&recipe.into(), module.keys, None, Span::default()).unwrap();
        let checked = (module.check)(&cfg, &crate::kit::Files::default());
        let Err(error) = checked.map_err(Error::from) else {
            panic!("{key} is taken");
        };
        error.span().unwrap().column
    }

    #[test]
    fn a_wrong_key_is_told_of_where_it_stands() {
        for (module, options, key, value, want) in [
            ("ssh", &["options"][..], "PermitRootLogn", "no", 3),
            ("ssh", &["options"], "Match", "User x", 3),
            ("ssh", &["options"], "PermitRootLogin", "maybe", 9),
            ("os_release", &[], "image_id", "x", 3),
            ("os_release", &[], "IMAGE_ID", "My Image", 9),
            ("sysctl", &[], ".x", "1", 3),
            ("sysctl", &[], "a b", "1", 3),
            ("sysctl", &[], "a.b", "1\n2", 9),
        ] {
            let found = column(module, options, key, value.into());
            assert_eq!(found, want, "{module} {key}");
        }
    }
}
