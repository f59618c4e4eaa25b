//! What patterns of paths find: those of glob(7), and alternatives as in `{a,b}`.

use std::collections::BTreeSet;

use crate::root::Root;

/// How many patterns the alternatives of one may make.
const MOST: usize = 10_000;

/// Returns the paths that a pattern finds, in byte order. A `*` is within one name.
pub(super) fn find(root: &Root<'_>, pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut found = BTreeSet::new();
    for mut pattern in alternatives(pattern) {
        pattern.dedup_by(|a, b| *a == b'*' && *b == b'*');
        found.extend(root.glob(pattern));
    }
    found.into_iter().collect()
}

/// Returns a pattern for each choice among the alternatives. Braces without an end, or without a
/// comma as in `{}`, stand for themselves.
fn alternatives(pattern: &[u8]) -> Vec<Vec<u8>> {
    let (mut done, mut todo) = (Vec::new(), vec![pattern.to_vec()]);
    while let Some(pattern) = todo.pop() {
        match first(&pattern) {
            Some(Choice {
                start,
                choices,
                rest,
            }) if done.len() + todo.len() < MOST => {
                let whole = |choice: &&[u8]| [start, *choice, rest].concat();
                todo.extend(choices.iter().map(whole));
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// A pattern, split at its first braces.
struct Choice<'p> {
    start: &'p [u8],
    choices: Vec<&'p [u8]>,
    rest: &'p [u8],
}

fn first(pattern: &[u8]) -> Option<Choice<'_>> {
    let open = pattern.iter().position(|b| *b == b'{')?;
    let (mut depth, mut start) = (0, open + 1);
    let mut choices = Vec::new();
    for (i, byte) in pattern.iter().enumerate().skip(open + 1) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' if depth == 0 => {
                choices.push(&pattern[start..i]);
                start = i + 1;
            }
            b'}' => {
                choices.push(&pattern[start..i]);
                return (choices.len() > 1).then(|| Choice {
                    start: &pattern[..open],
                    choices,
                    rest: &pattern[i + 1..],
                });
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces() {
        for (pattern, want) in [
            ("/a", "/a"),
            ("/{a,b}/c", "/a/c /b/c"),
            ("/{a,b}{c,d}", "/ac /ad /bc /bd"),
            ("/x{,-{a,b}}", "/x /x-a /x-b"),
            ("/{a}", "/{a}"),
            ("/{a,b", "/{a,b"),
            ("/{}", "/{}"),
        ] {
            let mut found = alternatives(pattern.as_bytes());
            found.sort();
            assert_eq!(found.join(&b' '), want.as_bytes(), "{pattern}");
        }
        let many = "{a,b}".repeat(40);
        assert!(alternatives(many.as_bytes()).len() <= MOST + 40);
    }
}
