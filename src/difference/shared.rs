//! Contents of files that have several names in both: they are compared once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use super::{Pair, lock};
use crate::reader::FileId;

/// What is known of the contents of two files.
enum State {
    /// They are being compared; these names wait for what comes of it.
    Compared(Vec<Pair>),
    /// The first byte that differs.
    Known(Option<u64>),
}

/// What is to be done with two files.
pub(super) enum Turn {
    /// Their contents have to be compared.
    Compare(Pair),
    /// The first byte that differs is known.
    Known(Pair, Option<u64>),
    /// Whoever compares them under another name will tell.
    Wait,
}

/// All that are known.
#[derive(Default)]
pub(super) struct Shared(Mutex<HashMap<[FileId; 2], State>>);

impl Shared {
    /// Begins with two files under one of their names.
    pub(super) fn begin(&self, pair: Pair) -> Turn {
        match lock(&self.0).entry(pair.ids) {
            Entry::Vacant(place) => {
                place.insert(State::Compared(Vec::new()));
                Turn::Compare(pair)
            }
            Entry::Occupied(mut place) => match place.get_mut() {
                State::Known(first) => Turn::Known(pair, *first),
                State::Compared(waiting) => {
                    waiting.push(pair);
                    Turn::Wait
                }
            },
        }
    }

    /// Notes the first byte that differs, and returns who waits for that.
    pub(super) fn end(&self, ids: [FileId; 2], first: Option<u64>) -> Vec<Pair> {
        match lock(&self.0).insert(ids, State::Known(first)) {
            Some(State::Compared(waiting)) => waiting,
            _ => Vec::new(),
        }
    }
}
