//! The options of `install_debs`.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::script::policy::Policies;
use crate::value::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    pub(super) debs: Debs,
}

/// What to install, and how.
pub(super) struct Debs(pub(super) Choices);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choices {
    /// Package files, folders and patterns.
    pub(super) packages: Vec<Spanned<String>>,
    /// Install what lacks something that it depends on, or that conflicts.
    #[serde(default)]
    pub(super) nodeps: bool,
    /// Replace newer versions by older ones.
    #[serde(default)]
    pub(super) downgrade: bool,
    /// What becomes of scripts.
    #[serde(default)]
    pub(super) scripts: Policies,
}

impl<'de> Deserialize<'de> for Debs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Debs;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of packages, or a mapping with `packages`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Debs, A::Error> {
                let packages = Deserialize::deserialize(SeqAccessDeserializer::new(items))?;
                Ok(Debs(Choices {
                    packages,
                    nodeps: false,
                    downgrade: false,
                    scripts: Policies::default(),
                }))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Debs, M::Error> {
                Choices::deserialize(MapAccessDeserializer::new(map)).map(Debs)
            }
        }

        deserializer.deserialize_any(Form)
    }
}
