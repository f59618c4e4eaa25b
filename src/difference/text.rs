//! Differences as lines of text.

use std::fmt::{self, Display, Formatter};

use anyhow::Result;
use similar::TextDiff;

use super::{Changed, Difference};
use crate::listing::Entry;
use crate::reader::name::shown;
use crate::reader::{FileId, Reader, read};

/// The largest file whose text is compared, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (word, entry) = match self {
            Difference::Added(entry) => ("added", entry),
            Difference::Removed(entry) => ("removed", entry),
            Difference::Changed(Changed { path, differs, .. }) => {
                let differs: Vec<_> = differs.iter().map(ToString::to_string).collect();
                return write!(f, "changed {}: {}", shown(&path.1), differs.join(", "));
            }
        };
        let Entry {
            path,
            noun,
            mode,
            uid,
            gid,
            size,
            target,
            ..
        } = entry;
        let path = shown(&path.1);
        write!(f, "{word} {path}: {noun}, {mode}, {uid}:{gid}")?;
        match (target, size) {
            (Some(target), _) => write!(f, ", -> {}", shown(&target.1)),
            (None, Some(size)) => write!(f, ", {size} bytes"),
            (None, None) => Ok(()),
        }
    }
}

/// Returns the difference of two texts as `diff -u` shows it, or nothing when one of both is none,
/// or too long.
///
/// # Errors
///
/// Fails when one cannot be read.
pub(crate) fn unified(
    readers: [&dyn Reader; 2],
    ids: (FileId, FileId),
    path: &[u8],
) -> Result<Option<String>> {
    let text = |reader: &dyn Reader, id: FileId| -> Result<Option<String>> {
        if reader.stat(id)?.size > LONGEST_TEXT {
            return Ok(None);
        }
        let bytes = read(reader, id, LONGEST_TEXT)?;
        Ok(String::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0')))
    };
    let (Some(before), Some(after)) = (text(readers[0], ids.0)?, text(readers[1], ids.1)?) else {
        return Ok(None);
    };
    let diff = TextDiff::from_lines(&before, &after);
    let mut diff = diff.unified_diff();
    let path = shown(path);
    Ok(Some(
        diff.header(&format!("a{path}"), &format!("b{path}"))
            .to_string(),
    ))
}
