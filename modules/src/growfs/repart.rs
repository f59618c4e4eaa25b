//! What systemd-repart does with the partition: our definition, or those of the image. See
//! repart.d(5).

use fsgen::table::PartitionType;

use crate::root::show;
use crate::value::Span;
use crate::{Partition, Root, RootError, dropins, ini};

/// Our definition.
pub(super) const FILE: &str = "/etc/repart.d/50-hsb-grow.conf";

/// A definition of the image's own.
struct Definition {
    path: String,
    kind: String,
    text: Vec<u8>,
}

/// Sees to it that a partition grows. A second definition of its type would make a new partition,
/// so one of the image's own stays the only one.
pub(super) fn set(
    root: &mut Root<'_>,
    partition: &Partition,
    mount: &str,
    span: Span,
) -> Result<(), RootError> {
    let kind = partition.kind.as_deref().unwrap_or_default();
    let all = definitions(root)?;
    match all.iter().find(|known| known.kind == plain(kind)) {
        None => {
            root.mkdir_above(FILE)?;
            let before = root.read_if_exists(FILE)?.unwrap_or_default();
            let keys = [("Type", Some(kind.to_owned()))];
            root.write(FILE, ini::set(&before, "Partition", &keys))?;
        }
        Some(own) => {
            if root.lstat(FILE).is_ok() {
                root.remove(FILE)?;
            }
            let value = |key| ini::value(&own.text, "Partition", key).unwrap_or_default();
            let (most, weight) = (value("SizeMaxBytes"), value("Weight"));
            let path = &own.path;
            if !most.is_empty() {
                let message = format!("{mount} grows to {most} at most, as {path} has it");
                root.warn_at(span, message);
            } else if weight == "0" {
                let message = format!("{mount} does not grow: {path} gives it the weight 0");
                root.warn_at(span, message);
            } else {
                root.info(format!("systemd-repart grows {mount} by {path}"));
            }
        }
    }
    for (i, more) in all.iter().enumerate() {
        let is_same = |known: &&Definition| known.kind == more.kind;
        let wanted = all[..=i].iter().filter(is_same).count();
        if wanted > count(root, &more.kind) {
            let Definition { path, kind, .. } = more;
            root.warn_at(
                span,
                format!("{path} adds a partition of type {kind}, which takes of what {mount} could grow by"),
            );
        }
    }
    Ok(())
}

/// Returns how many partitions of the image have a type.
pub(super) fn count(root: &Root<'_>, kind: &str) -> usize {
    let kinds = root.partitions().iter().flat_map(|other| &other.kind);
    kinds.filter(|other| plain(other) == plain(kind)).count()
}

fn definitions(root: &Root<'_>) -> Result<Vec<Definition>, RootError> {
    let mut all = Vec::new();
    for path in dropins::files(root, "repart.d")? {
        let text = root.read(&path)?;
        if path == FILE.as_bytes() {
            continue;
        }
        if let Some(kind) = ini::value(&text, "Partition", "Type") {
            let (path, kind) = (show(&path), plain(&kind));
            all.push(Definition { path, kind, text });
        }
    }
    Ok(all)
}

/// Returns one name for a type, which can be a GUID: `root` for that of any architecture.
fn plain(kind: &str) -> String {
    let name = PartitionType::parse(kind, "").ok();
    let name = name.and_then(|known| known.name()).unwrap_or(kind);
    let is_other = |end: &str| end.contains("verity") || end.starts_with("secondary");
    for native in ["root", "usr"] {
        let end = name
            .strip_prefix(native)
            .and_then(|end| end.strip_prefix('-'));
        if end.is_some_and(|end| !is_other(end)) {
            return native.to_owned();
        }
    }
    name.to_ascii_lowercase()
}
