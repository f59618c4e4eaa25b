//! Files of netplan beside ours: what they say of interfaces that ours is about.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::super::Interface;
use super::super::options::Selector;
use super::FILE;
use crate::root::{Root, RootError, glob_matches, show};
use crate::yaml;

/// What is looked at of netplan(5).
#[derive(Deserialize)]
struct File {
    network: Option<BTreeMap<String, serde_json::Value>>,
}

/// Where netplan looks. A file of an earlier folder hides that of its name in a later one.
const FOLDERS: [&str; 3] = ["/etc/netplan", "/usr/lib/netplan", "/lib/netplan"];

/// Warns of files that say something of the interfaces, too, or that netplan cannot read.
pub(super) fn warn(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), RootError> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for folder in FOLDERS {
        for path in root.glob(format!("{folder}/*.yaml")) {
            let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            if path == FILE.as_bytes() || names.iter().any(|known| known == name) {
                continue;
            }
            names.push(name.to_vec());
            if root.is_file(&path) {
                warn_of(root, &path, interfaces)?;
            }
        }
    }
    Ok(())
}

fn warn_of(root: &mut Root<'_>, path: &[u8], ours: &[Interface]) -> Result<(), RootError> {
    let shown = show(path).to_string();
    let file = match yaml::read::<Option<File>>(&root.read(path)?) {
        Ok(file) => file,
        Err(why) => {
            root.warn(format!("netplan stops at {shown}: {why}"));
            return Ok(());
        }
    };
    let network = file.and_then(|file| file.network).unwrap_or_default();
    for (kind, definitions) in &network {
        let Some(definitions) = definitions.as_object() else {
            continue;
        };
        for (id, definition) in definitions {
            for interface in ours {
                let place = interface.span;
                if *id == interface.id() {
                    let message = match &**kind {
                        "ethernets" => {
                            format!("{shown} has {id:?}, too: netplan merges it with {FILE}")
                        }
                        _ => format!("netplan stops at {id:?}: {shown} has it among {kind}"),
                    };
                    root.warn_at(place, message);
                } else if kind == "ethernets" && is_about(id, definition, &interface.selector) {
                    let message = format!(
                        "{id:?} in {shown} is about {} as well, and only one of the two counts",
                        interface.selector
                    );
                    root.warn_at(place, message);
                }
            }
        }
    }
    Ok(())
}

/// Returns whether a definition of another id is about some of the same interfaces, as far as
/// names and addresses of cards tell.
fn is_about(id: &str, definition: &serde_json::Value, ours: &Selector) -> bool {
    let Some(matched) = definition.get("match") else {
        return matches!(ours, Selector::Name(name) if overlap(name, id));
    };
    let text = |key: &str| matched.get(key).and_then(serde_json::Value::as_str);
    match ours {
        Selector::Mac(mac) => {
            text("macaddress").is_some_and(|other| other.eq_ignore_ascii_case(mac))
        }
        Selector::Name(name) => text("name").is_some_and(|other| overlap(name, other)),
    }
}

/// Returns whether two names or patterns can mean the same interface.
fn overlap(one: &str, other: &str) -> bool {
    let fits = |pattern: &str, name: &str| glob_matches(pattern.as_bytes(), name.as_bytes());
    let start = |pattern: &str| pattern.find(['*', '?', '[']).map(|at| pattern[..at].to_owned());
    match (start(one), start(other)) {
        (Some(one), Some(other)) => one.starts_with(&other) || other.starts_with(&one),
        _ => fits(one, other) || fits(other, one),
    }
}
