//! A folder of files that say which certificates are trusted, and those below it.

use memchr::memmem::find;

use super::certificate::Certificate;
use super::object::{self, Entry, Object};
use super::{Stop, pem, persist};
use crate::Root;
use crate::root::join;

/// How many bytes of files are read; Mozilla's list has a million.
const LIMIT: u64 = 16 << 20;

/// What is in it.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) objects: Vec<Object>,
    read: u64,
}

/// What a folder says of all certificates in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Any,
    Anchors,
    Blocked,
}

impl Source {
    /// Reads all files of a folder, by name.
    pub(super) fn read(root: &Root<'_>, path: &str) -> Result<Self, Stop> {
        let mut source = Self::default();
        if !root.is_dir(path) {
            return match root.exists(path) {
                true => Err(format!("{path} is no folder").into()),
                false => Ok(source),
            };
        }
        source.folder(root, path, Place::Any)?;
        source.folder(root, &format!("{path}/anchors"), Place::Anchors)?;
        source.folder(root, &format!("{path}/blocklist"), Place::Blocked)?;
        let before = source.objects.len();
        let old = format!("{path}/blacklist");
        source.folder(root, &old, Place::Blocked)?;
        if source.objects.len() > before {
            let why =
                "which new versions of p11-kit do not read, and old ones instead of blocklist";
            return Err(format!("{old} has certificates, {why}").into());
        }
        Ok(source)
    }

    fn folder(&mut self, root: &Root<'_>, folder: &str, place: Place) -> Result<(), Stop> {
        if !root.is_dir(folder) {
            return match root.exists(folder) {
                true => Err(format!("{folder} is no folder").into()),
                false => Ok(()),
            };
        }
        for name in root.list(folder)? {
            let path = join(folder.as_bytes(), &name);
            if !root.exists(&path) || root.is_dir(&path) || root.is_masked(&path) {
                continue;
            }
            let bytes = root.read(&path)?;
            self.read = self.read.saturating_add(bytes.len() as u64);
            if self.read > LIMIT {
                return Err(format!("{folder} has files of more than {LIMIT} bytes").into());
            }
            let shown = String::from_utf8_lossy(&path).into_owned();
            let objects = objects(&bytes).map_err(|why| format!("{shown}: {why}"))?;
            for mut object in objects {
                if let Object::Certificate(entry) = &mut object {
                    place.apply(entry);
                }
                self.objects.push(object);
            }
        }
        Ok(())
    }
}

impl Place {
    /// Says of a certificate what all have that are there.
    fn apply(self, entry: &mut Entry) {
        let is_distrusted = entry.is_distrusted == Some(true);
        let (trusted, distrusted) = match self {
            Self::Any | Self::Anchors if self == Self::Any || is_distrusted => return,
            Self::Blocked => (false, true),
            _ => (true, false),
        };
        entry.is_trusted = Some(trusted);
        entry.is_distrusted = Some(distrusted);
    }
}

/// Reads a file; one that is of no form is about nothing.
pub(super) fn objects(bytes: &[u8]) -> Result<Vec<Object>, String> {
    let zero = || match bytes.contains(&0) {
        true => Err("there is a byte of zero in it, where p11-kit ends".to_owned()),
        false => Ok(()),
    };
    if find(bytes, persist::HEADER).is_some() {
        zero()?;
        return persist::read(bytes);
    }
    let one = |certificate| Object::Certificate(Box::new(Entry::of(certificate)));
    if bytes.first() == Some(&0x30) {
        let certificate =
            Certificate::read(bytes).ok_or("it is no certificate that is understood")?;
        return Ok(vec![one(certificate)]);
    }
    let blocks = pem::blocks(bytes)?;
    if !blocks.is_empty() {
        zero()?;
    }
    let mut objects = Vec::new();
    for block in blocks {
        let found = match block.label {
            b"CERTIFICATE" => Certificate::read(&block.content).map(|found| vec![one(found)]),
            b"TRUSTED CERTIFICATE" => object::of_openssl(&block.content),
            _ => continue,
        };
        objects.extend(found.ok_or("a certificate in it is not understood")?);
    }
    Ok(objects)
}
