//! Which names are one file: two filesystems with as many names for each can still differ in that.

use std::collections::HashMap;

use super::field::{Aspect, Field};
use super::{Changed, Difference, is_slash};
use crate::reader::FileId;
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;

/// A name that both have, of files that have several in both.
pub(super) struct Linked {
    path: Vec<u8>,
    ids: [FileId; 2],
    noun: &'static str,
}

impl Linked {
    pub(super) fn new(path: &[u8], ids: [FileId; 2], noun: &'static str) -> Self {
        let path = path.to_vec();
        Self { path, ids, noun }
    }

    /// Returns how many bytes of memory this takes, and what [`differences`] knows of it.
    pub(super) fn memory(&self) -> u64 {
        3 * Allowance::ENTRY + self.path.len() as u64
    }
}

/// Returns the names that are another file's name in the second than in the first: in order of
/// their paths, each beside the first name of its file.
pub(super) fn differences(mut names: Vec<Linked>) -> Vec<Difference> {
    names.sort_by(|a, b| a.path.split(is_slash).cmp(b.path.split(is_slash)));
    let mut firsts: [HashMap<FileId, usize>; 2] = Default::default();
    let mut found = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let [a, b] = [0, 1].map(|side| *firsts[side].entry(name.ids[side]).or_insert(at));
        if a != b {
            let told = [a, b].map(|first| match first == at {
                true => "first name of its file".to_owned(),
                false => format!("as {}", shown(&names[first].path)),
            });
            found.push(Difference::Changed(Changed {
                path: crate::listing::Path("path", name.path.clone()),
                noun: name.noun,
                differs: vec![Field::changed(Aspect::Links, told)],
                ids: (name.ids[0], name.ids[1]),
            }));
        }
    }
    found
}
