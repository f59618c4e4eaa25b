//! Permission bits as texts: octal digits, or changes such as `u+x,go-w`.

/// A change of permission bits, as chmod(1) has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModeChange {
    clauses: Vec<Clause>,
}

/// One operator with the bits it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clause {
    /// The bits of those that are meant.
    who: u16,
    operator: u8,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// These bits.
    Bits(u16),
    /// These bits, and `x` where it is a directory or anybody has `x`.
    Search(u16),
    /// Those that the user, group or others have: how far they are shifted.
    Copy(u16),
}

const SETUID: u16 = 0o4000;
const SETGID: u16 = 0o2000;
const STICKY: u16 = 0o1000;
const SET_IDS: u16 = SETUID | SETGID;

/// The operator of a number: it sets all twelve bits, of directories too.
const EXACTLY: u8 = b'0';

impl ModeChange {
    /// Reads octal digits, or clauses as chmod(1) has them: `u+x,go-w`, `a=rX`, `g=u`.
    ///
    /// Without `u`, `g`, `o` or `a` all are meant: no umask takes part.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, to be put behind the text.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        if let Some(mode) = parse_mode(text) {
            return Ok(mode.into());
        }
        let mut clauses = Vec::new();
        for part in text.split(|b| *b == b',') {
            parse_part(part, &mut clauses)
                .ok_or("is no mode; write it as in \"0644\" or \"u+x,go-w\"")?;
        }
        Ok(Self { clauses })
    }

    /// Returns the bits after the change.
    pub fn apply(&self, mode: u16, is_directory: bool) -> u16 {
        self.clauses.iter().fold(mode, |mode, clause| {
            let bits = match clause.what {
                What::Bits(bits) => bits,
                What::Search(bits) if is_directory || mode & 0o111 != 0 => bits | 0o111,
                What::Search(bits) => bits,
                What::Copy(shift) => (mode >> shift & 0o7) * 0o111,
            } & clause.who;
            // Of a directory, `u=rwx` leaves setuid and setgid alone, as GNU chmod does.
            let kept = match clause.operator {
                b'=' if is_directory && bits & SET_IDS == 0 => SET_IDS,
                _ => 0,
            };
            match clause.operator {
                b'+' => mode | bits,
                b'-' => mode & !bits,
                _ => mode & !(clause.who & !kept) | bits,
            }
        })
    }
}

impl From<u16> for ModeChange {
    /// Sets exactly these twelve bits.
    fn from(mode: u16) -> Self {
        let clause = Clause {
            who: 0o7777,
            operator: EXACTLY,
            what: What::Bits(mode),
        };
        Self {
            clauses: vec![clause],
        }
    }
}

/// Reads octal digits, with or without `0o` in front; nothing for any other text and for more than
/// twelve bits.
pub fn parse_mode(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"0o").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(|b| matches!(b, b'0'..=b'7')) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    let mode = u16::from_str_radix(digits, 8).ok()?;
    (mode <= 0o7777).then_some(mode)
}

/// Reads `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`.
fn parse_part(part: &[u8], clauses: &mut Vec<Clause>) -> Option<()> {
    let mut who = 0;
    let mut rest = part;
    while let [letter, tail @ ..] = rest {
        who |= match letter {
            b'u' => 0o700 | SETUID,
            b'g' => 0o070 | SETGID,
            b'o' => 0o007 | STICKY,
            b'a' => 0o7777,
            _ => break,
        };
        rest = tail;
    }
    let who = if who == 0 { 0o7777 } else { who };
    let mut found = None;
    while let [operator @ (b'+' | b'-' | b'='), tail @ ..] = rest {
        let end = tail.iter().position(|b| b"+-=".contains(b));
        let (letters, next) = tail.split_at(end.unwrap_or(tail.len()));
        clauses.push(Clause {
            who,
            operator: *operator,
            what: parse_what(letters)?,
        });
        rest = next;
        found = Some(());
    }
    found.filter(|()| rest.is_empty())
}

fn parse_what(letters: &[u8]) -> Option<What> {
    match letters {
        b"u" => return Some(What::Copy(6)),
        b"g" => return Some(What::Copy(3)),
        b"o" => return Some(What::Copy(0)),
        _ => {}
    }
    let mut bits = 0;
    for letter in letters {
        bits |= match letter {
            b'r' => 0o444,
            b'w' => 0o222,
            b'x' => 0o111,
            b's' => SET_IDS,
            b't' => STICKY,
            b'X' => 0,
            _ => return None,
        };
    }
    Some(if letters.contains(&b'X') {
        What::Search(bits)
    } else {
        What::Bits(bits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, mode before, of a file after, of a directory after: as GNU chmod 9.1 does it with a
    /// umask of 0.
    const CHANGES: [(&str, u16, u16, u16); 30] = [
        ("u+x", 0o644, 0o744, 0o744),
        ("+x", 0o644, 0o755, 0o755),
        ("go-r,u=rw", 0o644, 0o600, 0o600),
        ("a=rX", 0o755, 0o555, 0o555),
        ("a=rX", 0o644, 0o444, 0o555),
        ("g=u", 0o644, 0o664, 0o664),
        ("o=g", 0o640, 0o644, 0o644),
        ("u-s", 0o4755, 0o755, 0o755),
        ("u+s,g+s", 0o755, 0o6755, 0o6755),
        ("+t", 0o755, 0o1755, 0o1755),
        ("o+t", 0o755, 0o1755, 0o1755),
        ("a+t", 0o755, 0o1755, 0o1755),
        ("u+t", 0o755, 0o755, 0o755),
        ("-t", 0o1777, 0o777, 0o777),
        ("o-t", 0o1777, 0o777, 0o777),
        ("g-w+x-r", 0o777, 0o717, 0o717),
        ("u=", 0o644, 0o044, 0o044),
        ("u=rwxs", 0o644, 0o4744, 0o4744),
        ("ug=rw,o=", 0o644, 0o660, 0o660),
        ("a=", 0o755, 0, 0),
        ("a=rx", 0o6755, 0o555, 0o6555),
        ("ug=rx", 0o6755, 0o555, 0o6555),
        ("o=rx", 0o1755, 0o755, 0o755),
        ("a=rx", 0o1755, 0o555, 0o555),
        ("u=g+x", 0o644, 0o544, 0o544),
        ("a+X", 0o644, 0o644, 0o755),
        ("a+X", 0o744, 0o755, 0o755),
        ("=", 0o7777, 0, 0o6000),
        ("g+u", 0o640, 0o660, 0o660),
        ("og=u", 0o600, 0o666, 0o666),
    ];

    #[test]
    fn changes() {
        for (text, before, file, directory) in CHANGES {
            let change = ModeChange::parse(text.as_bytes()).unwrap();
            assert_eq!(change.apply(before, false), file, "{text} of {before:o}");
            let applied = change.apply(before, true);
            assert_eq!(applied, directory, "{text} of directory {before:o}");
        }
        for text in ["+", "u+"] {
            let change = ModeChange::parse(text.as_bytes()).unwrap();
            assert_eq!(change.apply(0o644, false), 0o644, "{text}");
        }
        // Like chmod(2), and unlike chmod(1), a number says all of a directory, too.
        for text in ["755", "0755", "0o755"] {
            let change = ModeChange::parse(text.as_bytes()).unwrap();
            assert_eq!(change.apply(0o7000, true), 0o755, "{text}");
        }
    }

    #[test]
    fn no_modes() {
        for text in [
            "u+rwu",
            "u",
            "u,+x",
            "",
            "+x,",
            "8",
            "12345",
            "u+gx",
            "x",
            "0o",
            "rw-r--r--",
        ] {
            assert!(ModeChange::parse(text.as_bytes()).is_err(), "{text}");
            assert_eq!(parse_mode(text.as_bytes()), None, "{text}");
        }
    }
}
