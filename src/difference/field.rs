//! What of a file can differ, and what it is in both.

use std::fmt::{self, Display, Formatter};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use fsgen::tree::Xattrs;
use serde::Serialize;

use crate::reader::name::shown;
use crate::reader::{Kind, Stat, time};

/// A side of a file that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Aspect {
    /// What it is: a file, a directory, ...
    Type,
    /// Permissions
    Mode,
    /// User and group, by number
    Owner,
    /// Bytes of a file
    Size,
    /// The bytes themselves
    Content,
    /// Of a symbolic link
    Target,
    /// Numbers of a device
    Device,
    /// How many names a file has
    Links,
    /// When it was modified last
    Mtime,
    /// Extended attributes, ACLs among them
    Xattr,
}

/// One aspect in which two files differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Field {
    /// What differs.
    #[serde(rename = "what")]
    pub(crate) aspect: Aspect,
    /// Which extended attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What it is in the first: a number or text, in base64 for an attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// What it is in the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// The first byte of content that differs, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
}

impl Field {
    /// An aspect that is one thing in the first and another in the second.
    pub(super) fn changed(aspect: Aspect, [before, after]: [String; 2]) -> Self {
        Self {
            aspect,
            name: None,
            before: Some(before),
            after: Some(after),
            byte: None,
        }
    }

    /// Returns how many bytes of memory this takes.
    pub(super) fn memory(&self) -> u64 {
        let texts = [&self.name, &self.before, &self.after]
            .into_iter()
            .flatten();
        texts.map(|text| text.len() as u64).sum::<u64>() + size_of::<Self>() as u64
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = match self.aspect {
            Aspect::Type => "type",
            Aspect::Mode => "mode",
            Aspect::Owner => "owner",
            Aspect::Size => "size",
            Aspect::Content => "content",
            Aspect::Target => "target",
            Aspect::Device => "device",
            Aspect::Links => "links",
            Aspect::Mtime => "mtime",
            Aspect::Xattr => "xattr",
        };
        f.write_str(word)?;
        if let Some(name) = &self.name {
            return match (&self.before, &self.after) {
                (None, _) => write!(f, " {name} added"),
                (_, None) => write!(f, " {name} removed"),
                _ => write!(f, " {name} changed"),
            };
        }
        if let Some(byte) = self.byte {
            return write!(f, " from byte {byte}");
        }
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        write!(
            f,
            " {} -> {}",
            before.unwrap_or_default(),
            after.unwrap_or_default()
        )
    }
}

/// Returns what differs of two files; `first` is the first byte of their contents that does.
pub(super) fn differences(
    stats: [Stat; 2],
    first: Option<u64>,
    targets: &[Vec<u8>; 2],
    xattrs: &[Xattrs; 2],
) -> Vec<Field> {
    let [a, b] = stats;
    let mut found = Vec::new();
    found.extend(changed(
        Aspect::Type,
        stats.map(|stat| stat.kind.noun()),
        str::to_owned,
    ));
    found.extend(changed(
        Aspect::Mode,
        stats.map(|stat| stat.meta.mode),
        |mode| format!("{mode:04o}"),
    ));
    let owners = stats.map(|stat| (stat.meta.uid, stat.meta.gid));
    found.extend(changed(Aspect::Owner, owners, |(uid, gid)| {
        format!("{uid}:{gid}")
    }));
    if [a.kind, b.kind] == [Kind::File; 2] {
        found.extend(changed(Aspect::Size, stats.map(|stat| stat.size), |size| {
            size.to_string()
        }));
    }
    found.extend(changed(Aspect::Target, targets.each_ref(), |target| {
        shown(target)
    }));
    if a.kind.noun() == b.kind.noun() {
        found.extend(changed(Aspect::Device, stats.map(|stat| stat.kind), device));
        // How many links a directory has follows from what is in it.
        if a.kind != Kind::Directory {
            found.extend(changed(
                Aspect::Links,
                stats.map(|stat| stat.links),
                |links| links.to_string(),
            ));
        }
    }
    found.extend(changed(
        Aspect::Mtime,
        stats.map(|stat| stat.meta.mtime),
        time::exact,
    ));
    if let Some(byte) = first {
        found.push(Field {
            aspect: Aspect::Content,
            name: None,
            before: None,
            after: None,
            byte: Some(byte),
        });
    }
    let [before, after] = xattrs;
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let values = [before, after].map(|all| all.get(name));
        if values[0] != values[1] {
            let [before, after] = values.map(|value| value.map(|value| STANDARD.encode(value)));
            found.push(Field {
                aspect: Aspect::Xattr,
                name: Some(shown(name)),
                before,
                after,
                byte: None,
            });
        }
    }
    found
}

/// Returns an aspect of two files if it differs. Most do not, and are not written out.
fn changed<T: PartialEq>(
    aspect: Aspect,
    values: [T; 2],
    show: impl Fn(T) -> String,
) -> Option<Field> {
    if values[0] == values[1] {
        return None;
    }
    Some(Field::changed(aspect, values.map(show)))
}

fn device(kind: Kind) -> String {
    match kind {
        Kind::BlockDevice(device) | Kind::CharDevice(device) => {
            format!("{}:{}", device.major, device.minor)
        }
        _ => String::new(),
    }
}
