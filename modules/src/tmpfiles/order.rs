//! The order that lines are followed in.
//!
//! Paths come before patterns, what is above comes before what is in it, and of the lines of one
//! path those that make it before those that change it.

use std::collections::BTreeMap;

use super::item::Item;
use crate::dropins::Problem;

/// The lines of one path.
#[derive(Default)]
struct Paths {
    /// In the order of their first lines.
    items: Vec<Vec<Item>>,
    /// The places of paths in it.
    places: BTreeMap<Vec<u8>, usize>,
}

/// Returns the items in the order to follow them; one that another of its path rules out is a
/// problem.
pub(super) fn order(items: Vec<Item>, problems: &mut Vec<Problem>) -> Vec<Item> {
    let (mut plain, mut globs) = (Paths::default(), Paths::default());
    for item in items {
        let line = item.line;
        let paths = if item.is_glob() {
            &mut globs
        } else {
            &mut plain
        };
        if let Err(message) = paths.add(item) {
            problems.push(Problem { line, message });
        }
    }
    let mut ordered = Vec::new();
    let plain_count = plain.items.len();
    let all: Vec<_> = plain.items.iter().chain(&globs.items).collect();
    let above = |at: usize| {
        let path = &all[at][0].path;
        let cuts = (1..path.len()).rev().filter(|i| path[*i] == b'/');
        let mut tops = cuts.map(|i| &path[..i]);
        tops.find_map(|top| match plain.places.get(top) {
            Some(place) => Some(*place),
            None => globs.places.get(top).map(|place| plain_count + place),
        })
    };
    let mut is_done = vec![false; all.len()];
    for at in 0..all.len() {
        // A path is below what is above it, so this ends.
        let mut todo = vec![at];
        while let Some(top) = above(todo[todo.len() - 1]).filter(|top| !is_done[*top]) {
            todo.push(top);
        }
        for at in todo.into_iter().rev() {
            if !is_done[at] {
                is_done[at] = true;
                ordered.extend(all[at].iter().cloned());
            }
        }
    }
    ordered
}

impl Paths {
    fn add(&mut self, item: Item) -> Result<(), String> {
        let place = *self.places.entry(item.path.clone()).or_insert_with(|| {
            self.items.push(Vec::new());
            self.items.len() - 1
        });
        let items = &mut self.items[place];
        if !items.iter().all(|known| known.goes_with(&item)) {
            let path = item.path.escape_ascii();
            return Err(format!("an earlier line wants {path} otherwise"));
        }
        items.push(item);
        items.sort_by_key(|item| (!item.is_owner(), item.kind));
        Ok(())
    }
}
