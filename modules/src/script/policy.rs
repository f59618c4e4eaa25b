//! The option `scriptlets`: what is to become of scripts, for all packages and for some.

use std::collections::BTreeMap;

use serde::de::value::StrDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::option::Shape;
use crate::value::{Spanned, ValueError};

/// The key that stands for all packages that are not named.
const OTHERS: &str = "default";

/// What is to become of a package's scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Policy {
    /// What can be done is, and what can be left for the first boot is.
    #[default]
    Auto,
    /// None is run, and nothing tells of it.
    Skip,
    /// Those with anything to do are left for the first boot.
    FirstBoot,
    /// One that cannot be done to the tree is an error.
    Fail,
}

const ONE: Shape = Shape::OneOf(&["auto", "skip", "firstboot", "fail"]);

/// What the option may be.
pub(crate) const SHAPE: Shape = Shape::AnyOf(&[ONE, Shape::Table(&ONE)]);

/// The policies of all packages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    others: Policy,
    named: BTreeMap<String, Spanned<Policy>>,
}

impl Policies {
    /// Returns that of a package.
    pub(crate) fn of(&self, package: &str) -> Policy {
        let named = self.named.get(package);
        named.map_or(self.others, |policy| policy.value)
    }

    /// Fails at a name that no package has.
    pub(crate) fn check(&self, is_there: impl Fn(&str) -> bool) -> Result<(), ValueError> {
        match self.named.iter().find(|(name, _)| !is_there(name)) {
            None => Ok(()),
            Some((name, policy)) => {
                let message = format!("neither the image nor the list has a package {name:?}");
                let help = format!("`{OTHERS}` stands for all packages that are not named");
                Err(policy.error(message).help(help))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Policies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Policies;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("auto, skip, firstboot, fail, or a mapping of packages to these")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Policies, E> {
                Ok(Policies {
                    others: Policy::deserialize(StrDeserializer::new(text))?,
                    named: BTreeMap::new(),
                })
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Policies, M::Error> {
                let mut policies = Policies::default();
                while let Some((name, policy)) = map.next_entry::<String, Spanned<Policy>>()? {
                    match &*name {
                        OTHERS => policies.others = policy.value,
                        _ => drop(policies.named.insert(name, policy)),
                    }
                }
                Ok(policies)
            }
        }

        deserializer.deserialize_any(Form)
    }
}
