//! Dependencies that are expressions: `(a or b)`, `(a if b else c)`, `(a with b)`.
//!
//! rpm's "boolean dependencies", since 4.13. Whether one holds is asked of sets of packages: which
//! of them have what a name asks for.

use std::collections::BTreeSet;

use super::dependency::{Dependency, sense_of};
use super::identity::Version;

/// How deep expressions may lie in one another. Those of distributions have two or three levels.
const DEEPEST: u32 = 64;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rich {
    /// A name with its range.
    One(Dependency),
    And(Vec<Rich>),
    Or(Vec<Rich>),
    /// The first is needed if the second holds, or else the third.
    If(Box<Rich>, Box<Rich>, Option<Box<Rich>>),
    /// What conflicts: the first unless the second holds, or else the third.
    Unless(Box<Rich>, Box<Rich>, Option<Box<Rich>>),
    /// One package has all of them.
    With(Vec<Rich>),
    /// One package has the first and not the second.
    Without(Box<Rich>, Box<Rich>),
}

impl Rich {
    /// Reads an expression in its parentheses; nothing when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let rich = group(&mut rest, 0)?;
        rest.is_empty().then_some(rich)
    }

    /// Returns the paths that a dependency asks for, those in conditions among them.
    pub(crate) fn paths(wanted: &Dependency) -> Vec<String> {
        let names = match wanted.is_rich() {
            true => Self::parse(&wanted.name).map_or_else(Vec::new, |rich| rich.names()),
            false => vec![wanted.name.clone()],
        };
        let names = names.iter().map(|name| name.trim_start_matches('!'));
        let paths = names.filter(|name| name.starts_with('/'));
        paths.map(str::to_owned).collect()
    }

    /// Returns the names in the expression, from left to right. Those of conditions have a `!`
    /// before them: the database lists them so (rpm's `updateRichDepCB`).
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.add_names([true, false], &mut names);
        names
    }

    /// Adds them as they are, as conditions, or both: each part is walked once, however deep
    /// conditions lie in one another.
    fn add_names(&self, both: [bool; 2], names: &mut Vec<String>) {
        let [plain, condition] = both;
        match self {
            Rich::One(dependency) => {
                if plain {
                    names.push(dependency.name.clone());
                }
                if condition {
                    names.push(format!("!{}", dependency.name));
                }
            }
            Rich::And(all) | Rich::Or(all) | Rich::With(all) => {
                all.iter().for_each(|part| part.add_names(both, names));
            }
            Rich::If(then, when, other) | Rich::Unless(then, when, other) => {
                then.add_names(both, names);
                // With an else, that the condition does not hold matters, too.
                let has_other = other.is_some();
                let turned = [
                    condition || (has_other && plain),
                    plain || (has_other && condition),
                ];
                when.add_names(turned, names);
                if let Some(other) = other {
                    other.add_names(both, names);
                }
            }
            Rich::Without(with, without) => {
                with.add_names(both, names);
                without.add_names(both, names);
            }
        }
    }

    /// Returns whether the expression holds, where `having` says which packages have what is asked
    /// for.
    pub(crate) fn holds(&self, having: &dyn Fn(&Dependency) -> BTreeSet<usize>) -> bool {
        match self {
            Rich::One(_) | Rich::With(_) | Rich::Without(..) => !self.found(having).is_empty(),
            Rich::And(all) => all.iter().all(|part| part.holds(having)),
            Rich::Or(any) => any.iter().any(|part| part.holds(having)),
            Rich::If(then, when, other) => match when.holds(having) {
                true => then.holds(having),
                false => other.as_ref().is_none_or(|other| other.holds(having)),
            },
            Rich::Unless(then, when, other) => match when.holds(having) {
                false => then.holds(having),
                true => other.as_ref().is_some_and(|other| other.holds(having)),
            },
        }
    }

    /// Returns the packages that have what the expression asks of one package.
    pub(crate) fn found(&self, having: &dyn Fn(&Dependency) -> BTreeSet<usize>) -> BTreeSet<usize> {
        match self {
            Rich::One(dependency) => having(dependency),
            Rich::With(all) => {
                let mut sets = all.iter().map(|part| part.found(having));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |all, set| &all & &set)
            }
            Rich::Without(with, without) => &with.found(having) - &without.found(having),
            Rich::Or(any) => any.iter().flat_map(|part| part.found(having)).collect(),
            // rpm allows no others inside `with` and `without`.
            Rich::And(_) | Rich::If(..) | Rich::Unless(..) => BTreeSet::new(),
        }
    }
}

/// Reads `(...)` and what is inside.
fn group(rest: &mut &str, depth: u32) -> Option<Rich> {
    if depth > DEEPEST {
        return None;
    }
    *rest = rest.strip_prefix('(')?.trim_start();
    let first = operand(rest, depth)?;
    let Some(operator) = word(rest) else {
        *rest = rest.strip_prefix(')')?.trim_start();
        return Some(first);
    };
    let mut parts = vec![first];
    let mut other = None;
    loop {
        parts.push(operand(rest, depth)?);
        match word(rest) {
            None => break,
            Some("else") if matches!(operator, "if" | "unless") && other.is_none() => {
                other = Some(Box::new(operand(rest, depth)?));
                if word(rest).is_some() {
                    return None;
                }
                break;
            }
            // One group has one operator; only these chain.
            Some(next) if next == operator && matches!(operator, "and" | "or" | "with") => {}
            Some(_) => return None,
        }
    }
    *rest = rest.strip_prefix(')')?.trim_start();
    if matches!(operator, "and" | "or" | "with") {
        return Some(match operator {
            "and" => Rich::And(parts),
            "or" => Rich::Or(parts),
            _ => Rich::With(parts),
        });
    }
    let mut parts = parts.into_iter().map(Box::new);
    let (a, b) = (parts.next()?, parts.next()?);
    match (operator, parts.next()) {
        ("if", None) => Some(Rich::If(a, b, other)),
        ("unless", None) => Some(Rich::Unless(a, b, other)),
        ("without", None) => Some(Rich::Without(a, b)),
        _ => None,
    }
}

/// Reads a name with its range, or a group.
fn operand(rest: &mut &str, depth: u32) -> Option<Rich> {
    if rest.starts_with('(') {
        return group(rest, depth + 1);
    }
    let name = word(rest)?;
    let mut ahead = *rest;
    let (flags, version) = match word(&mut ahead).and_then(sense_of) {
        None => (0, Version::default()),
        Some(flags) => {
            *rest = ahead;
            (flags, Version::parse(word(rest)?))
        }
    };
    Some(Rich::One(Dependency {
        name: name.to_owned(),
        flags,
        version,
    }))
}

/// Reads up to white space or a parenthesis that the word itself has not opened, as
/// `libfoo.so.1()(64bit)` does.
fn word<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let mut open = 0_usize;
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => return true,
            c => return c.is_whitespace() && open == 0,
        }
        false
    });
    let (found, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
    *rest = after.trim_start();
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_hold() {
        // Package 0 has a and b, package 1 has b 2.0 and lib()(64bit).
        let having = |wanted: &Dependency| -> BTreeSet<usize> {
            let has = [
                (0, "a", "1.0"),
                (0, "b", "1.0"),
                (1, "b", "2.0"),
                (1, "lib()(64bit)", "1.0"),
            ];
            let provided = has.iter().filter(|(_, name, version)| {
                let mut provided = wanted.clone();
                provided.flags = sense_of("=").unwrap();
                provided.version = Version::parse(version);
                *name == wanted.name && provided.overlaps(wanted)
            });
            provided.map(|(package, ..)| *package).collect()
        };
        for (text, want) in [
            ("(a)", Some(true)),
            ("(x)", Some(false)),
            ("(a and b)", Some(true)),
            ("(a and b and x)", Some(false)),
            ("(x or a)", Some(true)),
            ("(a if x)", Some(true)),
            ("(x if a)", Some(false)),
            ("(x if y else a)", Some(true)),
            ("(a if b else x)", Some(true)),
            ("(b unless a)", Some(false)),
            ("(x unless y)", Some(false)),
            ("(a unless y)", Some(true)),
            ("(x unless a else x)", Some(false)),
            ("(b >= 2 with lib()(64bit))", Some(true)),
            ("(a with lib()(64bit))", Some(false)),
            ("(b without a)", Some(true)),
            ("(a without b)", Some(false)),
            ("((a or x) and (x or b = 2.0))", Some(true)),
            ("(a and (x or y))", Some(false)),
            ("(b>=2 or x)", Some(false)),
            ("", None),
            ("(a", None),
            ("(a and)", None),
            ("(a and b or x)", None),
            ("(a >= )", None),
            ("(a) b", None),
            ("()", None),
        ] {
            let found = Rich::parse(text).map(|rich| rich.holds(&having));
            assert_eq!(found, want, "{text}");
        }
        // Each level is walked once: twice would be 2^60 steps.
        let nested = (0..60).fold("(a)".to_owned(), |inner, _| {
            format!("(a if {inner} else b)")
        });
        let names: BTreeSet<_> = Rich::parse(&nested).unwrap().names().into_iter().collect();
        assert_eq!(
            names,
            BTreeSet::from(["a", "!a", "b", "!b"].map(str::to_owned))
        );
        let deep = "(".repeat(10_000) + &")".repeat(10_000);
        assert_eq!(Rich::parse(&deep), None);
    }
}
