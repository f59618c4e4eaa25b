//! The order of installation: what a package requires comes before it.
//!
//! Packages that require each other form a group; inside it, only what their scripts need counts,
//! and names decide the rest. So the order depends on the packages alone.

use std::collections::{BTreeMap, BTreeSet};

/// What a package requires of others in the set, by place; whether its scripts need it.
pub(crate) type Edges = BTreeMap<usize, BTreeMap<usize, bool>>;

/// Returns the places of all packages, first to last.
pub(crate) fn of(edges: &Edges) -> Vec<usize> {
    let mut order = Vec::new();
    for group in groups(edges) {
        in_group(group, edges, &mut order);
    }
    order
}

/// Returns the groups of packages that require each other, those that are required first
/// (Tarjan's algorithm, without recursion: chains may be as long as the set).
fn groups(edges: &Edges) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut number = BTreeMap::new();
    let mut low = BTreeMap::new();
    let mut stack = Vec::new();
    let mut on_stack = BTreeSet::new();
    for start in edges.keys() {
        if number.contains_key(start) {
            continue;
        }
        let mut calls = vec![(*start, 0)];
        while let Some((at, step)) = calls.pop() {
            if step == 0 {
                let next = number.len();
                number.insert(at, next);
                low.insert(at, next);
                stack.push(at);
                on_stack.insert(at);
            }
            let Some(next) = edges[&at].keys().nth(step).copied() else {
                if low[&at] == number[&at] {
                    let first = stack.iter().rposition(|other| *other == at).unwrap_or(0);
                    let mut group = stack.split_off(first);
                    for member in &group {
                        on_stack.remove(member);
                    }
                    group.sort_unstable();
                    found.push(group);
                }
                if let Some((above, _)) = calls.last() {
                    let least = low[above].min(low[&at]);
                    low.insert(*above, least);
                }
                continue;
            };
            calls.push((at, step + 1));
            if !number.contains_key(&next) {
                calls.push((next, 0));
            } else if on_stack.contains(&next) {
                let least = low[&at].min(number[&next]);
                low.insert(at, least);
            }
        }
    }
    found
}

/// Adds the packages of a group: those first whose scripts need no other that is left.
fn in_group(mut group: Vec<usize>, edges: &Edges, order: &mut Vec<usize>) {
    while !group.is_empty() {
        let needs = |index: usize| {
            let hard = edges[&index].iter().filter(|(_, is_hard)| **is_hard);
            hard.filter(|(other, _)| group.contains(other)).count()
        };
        let ready = group.iter().position(|index| needs(*index) == 0);
        order.push(group.remove(ready.unwrap_or(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_ones_come_first() {
        // Package 0 to 5; the second of each pair is required, a `true` by a script.
        for (pairs, want) in [
            (&[][..], [0, 1, 2, 3, 4, 5]),
            (&[(0, 5, false), (5, 3, false)], [3, 5, 0, 1, 2, 4]),
            // 0, 1 and 2 in a circle.
            (
                &[(0, 1, false), (1, 2, false), (2, 0, false)],
                [0, 1, 2, 3, 4, 5],
            ),
            (
                &[(0, 1, true), (1, 2, false), (2, 0, false)],
                [1, 0, 2, 3, 4, 5],
            ),
            (
                &[(0, 1, true), (1, 2, true), (2, 0, false)],
                [2, 1, 0, 3, 4, 5],
            ),
            (
                &[(0, 1, true), (1, 2, true), (2, 0, true)],
                [0, 2, 1, 3, 4, 5],
            ),
            (
                &[(0, 1, false), (1, 0, false), (1, 4, false)],
                [4, 0, 1, 2, 3, 5],
            ),
        ] {
            let mut edges: Edges = (0..6).map(|index| (index, BTreeMap::new())).collect();
            for (from, to, is_hard) in pairs {
                edges.get_mut(from).unwrap().insert(*to, *is_hard);
            }
            assert_eq!(of(&edges), want, "{pairs:?}");
        }
        let chain: Edges = (0..50_000)
            .map(|index| (index, BTreeMap::from([(index + 1, false)])))
            .chain([(50_000, BTreeMap::new())])
            .collect();
        assert_eq!(groups(&chain).len(), 50_001);
    }
}
