//! Names of keys: when two are the same, and which one a wrong one was meant to be.

/// Returns whether two keys are one name: `-` and `_` are the same letter.
pub fn same_name(a: &str, b: &str) -> bool {
    a.len() == b.len() && letters(a) == letters(b)
}

/// Returns the one spelling of a name that all its spellings share.
pub(super) fn letters(name: &str) -> String {
    name.replace('-', "_")
}

/// Returns the name among `known` that `name` is, however its `-` and `_` are written.
pub fn canonical<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known.iter().copied().find(|known| same_name(known, name))
}

/// Returns the name among `known` that is closest to `name`, if one is close enough to be meant.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let typed = fold(name);
    // One slip in three letters: `fiels` is `files`, but `size` is not `seed`.
    let allowed = (typed.len() / 3).max(1);
    known
        .into_iter()
        .map(|known| (distance(&typed, &fold(known)), known))
        .filter(|(distance, known)| *distance <= allowed && *distance < known.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Returns the help for a name that is not among `known`: the nearest one, then all of them.
pub fn unknown_name_help(name: &str, known: &[&str]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let all: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let all = format!("known here: {}", all.join(", "));
    Some(match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`? {all}"),
        None => all,
    })
}

/// What counts as a slip is a wrong letter, not its case nor a dash.
fn fold(name: &str) -> Vec<char> {
    let letters = name.chars().take(LONGEST).flat_map(char::to_lowercase);
    letters.map(|c| if c == '-' { '_' } else { c }).collect()
}

/// Letters looked at; a longer name is nobody's slip, and the comparison is quadratic.
const LONGEST: usize = 64;

/// Counts the letters added, dropped, changed or swapped with their neighbour between two names.
fn distance(a: &[char], b: &[char]) -> usize {
    // rows[i % 3][j]: what it takes to get from the first i letters of a to the first j of b.
    let first: Vec<usize> = (0..=b.len()).collect();
    let mut rows = [first.clone(), first.clone(), first];
    for i in 1..=a.len() {
        rows[i % 3][0] = i;
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let above = &rows[(i - 1) % 3];
            let mut least = (above[j] + 1).min(above[j - 1] + changed);
            least = least.min(rows[i % 3][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[(i - 2) % 3][j - 2] + 1);
            }
            rows[i % 3][j] = least;
        }
    }
    rows[a.len() % 3][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips() {
        let known = ["files", "hostname", "add_user", "size", "seed", "id"];
        for (typed, expected) in [
            ("file", Some("files")),
            ("fiels", Some("files")),
            ("Hostname", Some("hostname")),
            ("add-usr", Some("add_user")),
            ("adduser", Some("add_user")),
            ("hotsnaem", Some("hostname")),
            ("siez", Some("size")),
            ("sede", Some("seed")),
            ("sxzy", None),
            ("xx", None),
            ("", None),
            ("install_rpms", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
    }

    #[test]
    fn dashes_are_underscores() {
        assert_eq!(
            canonical("install-rpms", &["a", "install_rpms"]),
            Some("install_rpms")
        );
        assert_eq!(
            canonical("install_rpms", &["install-rpms"]),
            Some("install-rpms")
        );
        assert_eq!(canonical("install rpms", &["install_rpms"]), None);
    }
}
