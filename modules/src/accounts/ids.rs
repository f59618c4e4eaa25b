//! Which user and group ids are taken, and which come next.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::defaults::SubIds;
use super::table::{Table, number};
use crate::dropins;
use crate::root::{Root, RootError};

/// The ids that stand for no user or group: -1 in 16 bits, and in 32.
const NOBODYS: [u32; 2] = [65_535, u32::MAX];

/// Returns what is wrong with an id that a user or group is to have.
pub(crate) fn check(id: u32) -> Result<(), String> {
    match NOBODYS.contains(&id) {
        true => Err(format!("id {id} stands for no user or group")),
        false => Ok(()),
    }
}

/// The ids that something in the image uses or claims.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// Of users.
    pub(crate) uids: BTreeSet<u32>,
    /// Of groups.
    pub(crate) gids: BTreeSet<u32>,
}

impl Ids {
    /// Adds the fixed ids of sysusers.d(5): at boot systemd gives them to their owners, so nobody
    /// else may have them.
    pub(crate) fn add_sysusers(&mut self, root: &Root<'_>) -> Result<(), RootError> {
        for line in dropins::lines(root, "sysusers.d")? {
            self.add_line(&line.text);
        }
        Ok(())
    }

    /// `u NAME UID`, `u NAME UID:GID`, `g NAME GID`; the id may be `-` or a path instead.
    fn add_line(&mut self, line: &[u8]) {
        let words = line.split(u8::is_ascii_whitespace);
        let mut words = words.filter(|word| !word.is_empty());
        let (kind, Some(id)) = (words.next().unwrap_or_default(), words.nth(1)) else {
            return;
        };
        let mut ids = id.splitn(2, |b| *b == b':');
        let first = ids.next().and_then(number);
        match kind {
            b"u" | b"u!" => {
                self.uids.extend(first);
                // One number is the user's and its group's.
                self.gids.extend(ids.next().map_or(first, number));
            }
            b"g" => self.gids.extend(first),
            _ => {}
        }
    }
}

/// Returns the next free id as useradd(8) chooses it, or nothing when none is left.
///
/// People come after the highest that is there, so that the id of someone who left is not given
/// away again; system accounts go down from the top. Only then gaps are filled.
pub(crate) fn next(range: RangeInclusive<u32>, taken: &BTreeSet<u32>, system: bool) -> Option<u32> {
    if range.is_empty() {
        return None;
    }
    let mut used = taken.range(range.clone());
    let step = |id: u32| match system {
        true => id.checked_sub(1),
        false => id.checked_add(1),
    };
    let mut beyond = if system {
        used.next().map_or(Some(*range.end()), |id| step(*id))
    } else {
        used.next_back()
            .map_or(Some(*range.start()), |id| step(*id))
    };
    while let Some(id) = beyond.filter(|id| NOBODYS.contains(id)) {
        beyond = step(id);
    }
    if let Some(id) = beyond.filter(|id| range.contains(id)) {
        return Some(id);
    }
    let is_free = |id: &u32| !taken.contains(id) && !NOBODYS.contains(id);
    if system {
        range.rev().find(is_free)
    } else {
        range.into_iter().find(is_free)
    }
}

/// Returns the first of a free run of subordinate ids, or nothing when none is long enough.
/// The rows are those of subuid(5): owner, first id, count.
pub(crate) fn next_sub_ids(rows: &Table<3>, rules: &SubIds) -> Option<u32> {
    let mut taken: Vec<(u64, u64)> = rows
        .rows()
        .filter_map(|[_, start, count]| Some((number(start)?.into(), number(count)?.into())))
        .collect();
    taken.sort_unstable();
    let mut free = u64::from(*rules.range.start());
    for (start, count) in taken {
        if start >= free + u64::from(rules.count) {
            break;
        }
        free = free.max(start + count);
    }
    let fits = free + u64::from(rules.count) <= u64::from(*rules.range.end()) + 1;
    fits.then(|| u32::try_from(free).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_id() {
        for (range, taken, system, want) in [
            (1000..=1003, &[][..], false, Some(1000)),
            (1000..=1003, &[0, 999, 1004, 65534], false, Some(1000)),
            (1000..=1003, &[1000], false, Some(1001)),
            // A gap is left alone while there is room above it.
            (1000..=1003, &[1000, 1002], false, Some(1003)),
            (1000..=1003, &[1001, 1003], false, Some(1000)),
            (1000..=1003, &[1000, 1001, 1003], false, Some(1002)),
            (1000..=1003, &[1000, 1001, 1002, 1003], false, None),
            (0..=u32::MAX, &[u32::MAX], false, Some(0)),
            (101..=103, &[], true, Some(103)),
            (101..=103, &[103], true, Some(102)),
            (101..=103, &[102], true, Some(101)),
            (101..=103, &[101], true, Some(103)),
            (101..=103, &[101, 102, 103], true, None),
            (0..=1, &[0], true, Some(1)),
            // Those that stand for nobody are never given away, and do not count as used.
            (1000..=70_000, &[], false, Some(1000)),
            (1000..=70_000, &[1000, 65_534], false, Some(65_536)),
            (1000..=65_535, &[65_534], false, Some(1000)),
            (65_535..=65_535, &[], false, None),
            (1..=65_536, &[65_536], true, Some(65_534)),
            #[expect(clippy::reversed_empty_ranges, reason = "a broken login.defs")]
            (2000..=1000, &[1500], false, None),
        ] {
            let taken = taken.iter().copied().collect();
            assert_eq!(
                next(range.clone(), &taken, system),
                want,
                "{range:?} {taken:?}"
            );
        }
    }

    #[test]
    fn the_next_sub_ids() {
        for (rows, want) in [
            ("", Some(100)),
            ("a:100:10\n", Some(110)),
            ("a:100:10\nb:120:10\n", Some(110)),
            ("a:100:10\nb:119:10\n", Some(129)),
            ("b:120:10\na:110:10\n", Some(100)),
            ("a:0:105\n", Some(105)),
            ("a:105:1\nb:100:50\n", Some(150)),
            ("a:100:90\n", Some(190)),
            ("a:100:91\n", None),
            ("a:100:4294967295\n", None),
            ("a:x:1\nb:100\n", Some(100)),
        ] {
            let table = Table::parse(rows.as_bytes(), &[1, 2]);
            let rules = SubIds {
                range: 100..=199,
                count: 10,
            };
            assert_eq!(next_sub_ids(&table, &rules), want, "{rows:?}");
        }
    }

    #[test]
    fn sysusers_lines() {
        let mut ids = Ids::default();
        for line in [
            "u a 10",
            "u!  b\t11:21 \"x\" /",
            "u c - \"x\"",
            "u d /usr/bin/d",
            "g e 30",
            "g f -",
            "m a e",
            "r - 500-900",
            "u g 12:users",
            "u",
            "g h",
        ] {
            ids.add_line(line.as_bytes());
        }
        assert!(ids.uids.iter().eq(&[10, 11, 12]));
        assert!(ids.gids.iter().eq(&[10, 21, 30]));
    }
}
