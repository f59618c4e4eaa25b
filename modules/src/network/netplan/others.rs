//! Files of netplan beside ours: what they say of interfaces that ours is about.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::super::Interface;
use super::super::options::Selector;
use super::FILE;
use crate::root::{Root, RootError, show};
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
        return ours.overlaps(&Selector::Name(id.to_owned()));
    };
    let text = |key: &str| {
        let text = matched.get(key).and_then(serde_json::Value::as_str);
        text.map(str::to_owned)
    };
    let others = [
        text("name").map(Selector::Name),
        text("macaddress").map(Selector::Mac),
    ];
    others.iter().flatten().any(|other| ours.overlaps(other))
}
