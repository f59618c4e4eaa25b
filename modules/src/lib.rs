//! The modules of hsb: each changes the tree in one way.
//!
//! A module is a function `modify(name, root, cfg)`. It sees the image through [`Root`] and its
//! options through [`Cfg`], and nothing else: no host file, program, environment or clock. A
//! built-in has no privilege over a module that a user writes.
//!
//! - [`BUILTINS`]: the table of those that come with hsb, one file each
//! - [`Root`]: the handle on the image
//! - [`api`]: the same as a table of calls, for modules in other languages
//! - [`Cfg`]: the recipe as one step sees it
//! - [`run`]: one step, which happens whole or not at all
//! - [`value`]: the recipe's values, which know where they were written

#![forbid(unsafe_code)]

mod accounts;
mod acl;
mod address;
pub mod api;
mod assignments;
mod ca_trust;
mod cfg;
mod cloud_config;
mod compressed;
mod continued;
mod deb;
mod domain;
mod dropins;
mod error;
mod first_boot;
mod given;
mod ini;
mod installed;
mod jinja;
#[cfg(test)]
mod kit;
mod lua;
mod named;
mod nameserver;
mod option;
mod order;
mod package_files;
mod permissions;
mod root;
mod rpm;
mod scalar;
mod script;
mod shared;
mod shorthand;
mod step;
mod units;
pub mod value;
mod yaml;

pub use address::{covered as without_secrets, shown as shown_address};
pub use cfg::Cfg;
pub use error::Error;
pub use option::{OptionDoc, Presence, Shape};
pub use root::{
    Companion, Host, ModeChange, Owner, Packed, PackedKind, Partition, Root, RootError, Spool,
    Stat, Warning, glob_matches, parse_mode,
};
pub use step::{Outcome, run};

use value::{Data, Key, Map, Value, ValueError, same_name};

/// Declares a file of `src/` for each name, and a table of what they are.
macro_rules! builtins {
    ($($name:ident,)*) => {
        $(mod $name;)*

        /// The modules that come with hsb, in the order of their names.
        pub const BUILTINS: &[Module] = &[$($name::MODULE),*];
    };
}

builtins! {
    add_user,
    assert,
    ca_certificates,
    cleanup,
    cloud_init,
    files,
    fstab,
    groups,
    growfs,
    hostname,
    install_debs,
    install_rpms,
    kernel_cmdline,
    locale,
    machine_id,
    modules_load,
    motd,
    network,
    os_release,
    repos,
    resolv_conf,
    sbom,
    ssh,
    sysctl,
    systemd,
    sysusers,
    template,
    timezone,
    tmpfiles,
}

/// One way to change the tree.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// What a recipe calls it.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What users should know besides, as paragraphs: which files it writes on which systems, what
    /// it leaves alone.
    pub details: &'static str,
    /// The keys of the recipe that are its own, the main one first.
    pub keys: &'static [&'static str],
    /// What each of the keys may hold, in the same order.
    pub options: &'static [OptionDoc],
    /// A recipe that shows how to use it, without a source.
    pub example: &'static str,
    /// Finds every mistake in the options that shows without the image, before any work starts.
    pub check: fn(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError>,
    /// Changes the image, after `check` found no mistake. `name` is what the recipe calls the
    /// step.
    pub modify: fn(name: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error>,
}

impl Module {
    /// Returns the options that a step carries inline, as keys of the recipe.
    ///
    /// They are keys already, or the value of the main one. Where the only key of a module is a
    /// mapping, its inline mapping is that: `systemd: {enable: [ssh]}`, `sysctl: {vm.swappiness: 10}`.
    ///
    /// # Errors
    ///
    /// Fails when a key is given twice.
    pub fn inline(&self, value: &Value) -> Result<Value, ValueError> {
        let ([key], [option], Some(map)) = (self.keys, self.options, value.as_map()) else {
            return Ok(value.clone());
        };
        if !option.shape.has_mapping() || map.get(key).is_some() {
            return Ok(value.clone());
        }
        let key = Key {
            name: (*key).to_owned(),
            span: value.span,
        };
        let mut keys = Map::new();
        keys.insert(key, value.clone())?;
        Ok(Value {
            span: value.span,
            data: Data::Map(keys),
        })
    }
}

/// Returns the built-in of that name; `-` and `_` are the same letter.
pub fn find(name: &str) -> Option<&'static Module> {
    BUILTINS.iter().find(|module| same_name(module.name, name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sorted_documented_and_shares_no_key() {
        assert!(BUILTINS.is_sorted_by(|a, b| a.name < b.name));
        let mut keys = BTreeSet::new();
        for module in BUILTINS {
            assert!(!module.summary.is_empty() && !module.summary.contains('\n'));
            assert!(module.details.lines().all(|line| line.len() <= 100));
            assert!(!module.keys.is_empty(), "{}", module.name);
            assert!(
                module.keys.iter().all(|key| keys.insert(key)),
                "{}",
                module.name
            );
        }
    }

    #[test]
    fn inline_mappings_of_one_key() {
        let mut found = Vec::new();
        for module in BUILTINS {
            let &[key] = module.keys else { continue };
            let bare = kit::map([("x.y", kit::value!(1_i64))]);
            let whole = kit::map([(key, bare.clone())]);
            assert_eq!(module.inline(&whole).unwrap(), whole, "{key}");
            let inline = module.inline(&bare).unwrap();
            if inline == whole {
                found.push(key);
            } else {
                assert_eq!(inline, bare, "{key}");
                // A list of mappings, or no mapping at all.
                assert!(!module.options[0].shape.to_string().starts_with("mapping"));
            }
        }
        let wanted =
            "cloud_init fstab debs kernel_cmdline os_release resolv_conf sbom ssh sysctl systemd";
        assert_eq!(found.join(" "), wanted);
    }

    #[test]
    fn names() {
        for (name, found) in [
            ("add_user", Some("add_user")),
            ("add-user", Some("add_user")),
            ("files", Some("files")),
            ("Files", None),
            ("", None),
        ] {
            assert_eq!(find(name).map(|module| module.name), found);
        }
    }
}
