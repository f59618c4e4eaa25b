//! A document of a list of modules, as it is written.

use std::collections::BTreeMap;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A document, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) document: Option<String>,
    pub(super) data: Option<Data>,
}

#[derive(Deserialize)]
pub(super) struct Data {
    pub(super) name: Option<String>,
    pub(super) module: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) version: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) context: Option<String>,
    /// Whether the context says what sets builds apart.
    #[serde(default)]
    pub(super) static_context: bool,
    pub(super) artifacts: Option<Artifacts>,
    pub(super) dependencies: Option<Dependencies>,
}

#[derive(Default)]
pub(super) struct Dependencies(pub(super) Vec<Dependency>);

#[derive(Deserialize)]
pub(super) struct Dependency {
    #[serde(default)]
    pub(super) requires: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Artifacts {
    #[serde(default)]
    pub(super) rpms: Vec<String>,
}

impl<'de> Deserialize<'de> for Dependencies {
    // Not by an untagged enum, to which a stream 1.10 is a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Dependencies;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of dependencies")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Dependencies, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Dependencies(all))
            }

            // The first version of such lists has another form, which nobody uses any more.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dependencies, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Dependencies::default())
            }
        }

        deserializer.deserialize_any(Form)
    }
}
