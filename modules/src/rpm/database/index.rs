//! The rows of one header in the tables that headers are looked up in (rpm's `lib/rpmdb.c`).

use std::collections::BTreeSet;

use super::schema::Table;
use crate::rpm::dependency::Dependency;
use crate::rpm::header::Header;
use crate::rpm::rich::Rich;
use crate::rpm::tag;

/// Returns the keys of a header in a table, and which of the tag's values each stands for.
pub(super) fn rows(header: &Header, table: &Table) -> Vec<(Vec<u8>, u32)> {
    match table.tag {
        // The number of the transaction is in the byte order of the machine: all that are known
        // but s390x and the old ppc have the low byte first.
        tag::INSTALLTID => {
            let ids = header.flags(tag::INSTALLTID);
            return ids
                .iter()
                .map(|id| (id.to_le_bytes().to_vec(), 0))
                .collect();
        }
        tag::SIGMD5 => {
            let digest = header.raw(tag::SIGMD5);
            return digest.iter().map(|raw| (raw.bytes.to_vec(), 0)).collect();
        }
        tag::GROUP if !header.has(tag::GROUP) => return vec![(b"Unknown".to_vec(), 0)],
        // Of a group in several languages, the first counts.
        tag::GROUP => {
            let group = header.text(tag::GROUP);
            return group.iter().map(|group| (group.to_vec(), 0)).collect();
        }
        _ => {}
    }
    let flags = match table.tag {
        tag::REQUIRENAME => header.flags(tag::REQUIREFLAGS),
        _ => Vec::new(),
    };
    let triggers = match table.tag {
        tag::FILETRIGGERNAME => header.flags(tag::FILETRIGGERINDEX),
        tag::TRANSFILETRIGGERNAME => header.flags(tag::TRANSFILETRIGGERINDEX),
        _ => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (place, key) in (0..).zip(header.texts(table.tag)) {
        let at = place as usize;
        let flags = flags.get(at).copied();
        if flags.is_some_and(Dependency::is_transient) {
            continue;
        }
        let place = match table.tag {
            tag::TRIGGERNAME if !seen.insert(key) => continue,
            _ => triggers.get(at).copied().unwrap_or(place),
        };
        if key.starts_with(b"(") && may_be_rich(table.tag) {
            rows.extend(rich_names(key).into_iter().map(|name| (name, place)));
        }
        rows.push((key.to_vec(), place));
    }
    rows
}

fn may_be_rich(tag: u32) -> bool {
    [
        tag::REQUIRENAME,
        tag::CONFLICTNAME,
        tag::RECOMMENDNAME,
        tag::SUGGESTNAME,
        tag::SUPPLEMENTNAME,
        tag::ENHANCENAME,
    ]
    .contains(&tag)
}

/// Returns the names in an expression, each once and in byte order.
fn rich_names(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let rich = std::str::from_utf8(text).ok().and_then(Rich::parse);
    let names = rich.as_ref().map(Rich::names).unwrap_or_default();
    names.into_iter().map(String::into_bytes).collect()
}
