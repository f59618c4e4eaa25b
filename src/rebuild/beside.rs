//! Kernel and ramdisk beside an image, held against those that a build puts there.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fsgen::{Content, Tree};

use super::Named;
use super::field::{Difference, byte_of};
use crate::bundle::{self, Bundle};
use crate::disk::file::PlainFile;
use crate::disk::{Beside, Disk};

/// How much is compared at once.
const CHUNK: usize = 1 << 20;

/// Where they are.
pub(crate) enum Place {
    /// In the archive that the image is in.
    Archive(Vec<Beside>),
    /// In files whose names start so.
    Files(PathBuf),
}

impl Place {
    /// Opens the file whose name ends with a dash and this, if it is there.
    fn open(&self, ending: &str) -> Result<Option<Arc<dyn Disk>>> {
        let ending = format!("-{ending}");
        match self {
            Place::Archive(files) => {
                let mut files = files.iter();
                let found = files.find(|file| file.name.ends_with(ending.as_bytes()));
                Ok(found.map(|file| file.bytes.clone()))
            }
            Place::Files(start) => {
                let mut path = start.clone().into_os_string();
                path.push(ending);
                let path = PathBuf::from(path);
                if !fs::exists(&path).with_context(|| path.display().to_string())? {
                    return Ok(None);
                }
                let file = PlainFile::open(&path).with_context(|| path.display().to_string())?;
                Ok(Some(Arc::new(file)))
            }
        }
    }
}

/// Returns what differs of them.
///
/// # Errors
///
/// Fails when one of both cannot be read.
pub(super) fn compare(bundle: &Bundle, tree: &Tree, place: &Place) -> Result<Vec<Named>> {
    let mut named = Vec::new();
    for (what, ending, content) in [
        ("kernel", bundle::KERNEL, Some(&bundle.kernel)),
        ("ramdisk", bundle::RAMDISK, bundle.ramdisk.as_ref()),
    ] {
        let file = place.open(ending)?;
        let differing = match (&file, content) {
            (None, None) => None,
            (Some(file), Some(content)) => self::differing(&**file, content, tree)?,
            (file, content) => {
                let len = [file.as_ref().map(|f| f.len()), content.map(Content::len)];
                let [image, rebuilt] = len.map(|len| match len {
                    Some(len) => format!("{len} bytes"),
                    None => "missing".to_owned(),
                });
                Some(Difference {
                    field: "file".to_owned(),
                    image,
                    rebuilt,
                    is_derived: false,
                })
            }
        };
        named.extend(differing.map(|difference| Named {
            partition: None,
            filesystem: None,
            structure: format!("{what} beside it"),
            field: difference.field,
            image: difference.image,
            rebuilt: difference.rebuilt,
            offset: None,
        }));
        if let Some(file) = file {
            file.check_unchanged()?;
        }
    }
    Ok(named)
}

/// Returns the first byte in which a file is not what it should be, or the sizes.
fn differing(file: &dyn Disk, content: &Content, tree: &Tree) -> Result<Option<Difference>> {
    let common = file.len().min(content.len());
    let mut at = 0;
    while at < common {
        let len = CHUNK.min(usize::try_from(common - at).unwrap_or(CHUNK));
        let found = file.read(at, len)?;
        let mut expected = vec![0; len];
        content.read_exact_at(tree, &mut expected, at)?;
        if found != expected {
            return Ok(Some(byte_of("byte", at, &found, &expected)));
        }
        at += len as u64;
    }
    let sizes = [file.len(), content.len()].map(|len| format!("{len} bytes"));
    let [image, rebuilt] = sizes;
    Ok((image != rebuilt).then(|| Difference {
        field: "size".to_owned(),
        image,
        rebuilt,
        is_derived: false,
    }))
}
