//! What users and groups may be called.

/// The longest name, in bytes: what useradd(8) and groupadd(8) take, and utmp(5) has room for.
const LONGEST: usize = 32;

/// Checks a name as useradd(8) does where it is told to be lenient: letters, digits, `_`, `.` and
/// `-`, and `$` at the end as Samba has it for machines.
///
/// Returns what is wrong, to be put behind the name.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let body = name.strip_suffix('$').unwrap_or(name);
    if body.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Err(format!(
            "has {} bytes; at most {LONGEST} are allowed",
            name.len()
        ));
    }
    if matches!(name, "." | "..") {
        return Err("would make its home another directory".to_owned());
    }
    if body.starts_with('-') {
        return Err("starts with `-`, which programs take for an option".to_owned());
    }
    if body.bytes().all(|b| b.is_ascii_digit()) {
        return Err("is all digits, which programs take for an id".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    match body.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(format!(
            "has {c:?}; letters, digits, `_`, `.` and `-` are allowed"
        )),
        None => Ok(()),
    }
}

/// Returns whether every program takes this name: lower-case letters, digits, `_` and `-`, the
/// first no digit.
pub(crate) fn is_portable(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    first && name.bytes().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, valid, portable) in [
            ("alice", true, true),
            ("_apt", true, true),
            ("a-1_b", true, true),
            (&*"a".repeat(32), true, true),
            ("a-name-of-a-user-that-is-32-bytes", false, true),
            ("Bob.Smith", true, false),
            ("0x1", true, false),
            (".hidden", true, false),
            ("machine$", true, false),
            ("", false, false),
            ("$", false, false),
            (".", false, false),
            ("..", false, false),
            ("-rf", false, false),
            ("1000", false, false),
            ("a:b", false, false),
            ("a b", false, false),
            ("a\n", false, false),
            ("a/b", false, false),
            ("a$b", false, false),
            ("j\u{fc}rgen", false, false),
        ] {
            assert_eq!(check(name).is_ok(), valid, "{name:?}");
            assert_eq!(is_portable(name), portable, "{name:?}");
        }
    }
}
