//! All that is known of one file, as JSON has it.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::reader::accounts::Accounts;
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;
use crate::reader::walk::Found;
use crate::reader::{Kind, Reader, time};

/// Bytes that are text, mostly: `NAME` is the text, and `NAME_base64` the bytes where they are no
/// UTF-8, which is replaced in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) &'static str, pub(crate) Vec<u8>);

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Path(name, bytes) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(name, &String::from_utf8_lossy(bytes))?;
        if str::from_utf8(bytes).is_err() {
            let exact = STANDARD.encode(bytes);
            map.serialize_entry(&format!("{name}_base64"), &exact)?;
        }
        map.end()
    }
}

/// A file.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    #[serde(flatten)]
    pub(crate) path: Path,
    #[serde(rename = "type")]
    pub(crate) noun: &'static str,
    /// Permissions with setuid, setgid and sticky: four octal digits.
    pub(crate) mode: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// What the image's own /etc/passwd calls its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) mtime: String,
    pub(crate) links: u64,
    /// Bytes of a file or of a link's target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    #[serde(flatten)]
    pub(crate) target: Option<Path>,
    /// Major and minor number of a device, as `8:1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// Values in base64, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) xattrs: BTreeMap<String, String>,
    /// What it is, and when it was changed, for those who show it as text.
    #[serde(skip)]
    pub(crate) stat: crate::reader::Stat,
}

impl Entry {
    /// Returns how many bytes of memory this takes beside its path.
    pub(crate) fn memory(&self) -> u64 {
        /// A time, a mode, names of owners.
        const SHORT: u64 = 128;
        let target = self
            .target
            .as_ref()
            .map_or(0, |target| target.1.len() as u64);
        let xattrs = self.xattrs.iter();
        let xattrs =
            xattrs.map(|(name, value)| (name.len() + value.len()) as u64 + Allowance::ENTRY);
        SHORT + target + xattrs.sum::<u64>()
    }

    /// Looks at a file.
    pub(crate) fn of(reader: &dyn Reader, file: &Found, accounts: &Accounts) -> Result<Self> {
        let stat = file.stat;
        let meta = stat.meta;
        let xattrs = reader.xattrs(file.id)?.into_iter();
        Ok(Self {
            path: Path("path", file.path.clone()),
            noun: stat.kind.noun(),
            mode: format!("{:04o}", meta.mode),
            uid: meta.uid,
            gid: meta.gid,
            user: accounts.user(meta.uid).map(str::to_owned),
            group: accounts.group(meta.gid).map(str::to_owned),
            mtime: time::exact(meta.mtime),
            links: stat.links,
            size: matches!(stat.kind, Kind::File | Kind::Symlink).then_some(stat.size),
            target: match stat.kind {
                Kind::Symlink => Some(Path("target", reader.target(file.id)?)),
                _ => None,
            },
            device: match stat.kind {
                Kind::BlockDevice(device) | Kind::CharDevice(device) => {
                    Some(format!("{}:{}", device.major, device.minor))
                }
                _ => None,
            },
            xattrs: xattrs
                .map(|(name, value)| (shown(&name), STANDARD.encode(value)))
                .collect(),
            stat,
        })
    }
}
