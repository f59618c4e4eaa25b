//! The order of kernel versions.

use std::cmp::Ordering;

/// Compares versions: numbers by value, all else by bytes.
///
/// A `~` comes before everything, even the end, as in Debian and RPM: 6.9~rc1 is before 6.9. So do
/// release candidates however they are written: 6.9.0-rc1 as the kernel does, 060900rc1 as Ubuntu.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let [mut a, mut b] = [a, b].map(|rest| Tokens {
        rest,
        is_in_word: false,
    });
    loop {
        let (x, y) = (a.next(), b.next());
        if x == Token::End && y == Token::End {
            return Ordering::Equal;
        }
        match x.cmp(&y) {
            Ordering::Equal => {}
            other => return other,
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'v> {
    /// Before the version that it follows.
    Before,
    /// A release candidate of it.
    Candidate,
    End,
    Byte(u8),
    /// Digits without zeros before them; the longer, the larger.
    Number(usize, &'v [u8]),
}

struct Tokens<'v> {
    rest: &'v [u8],
    /// Whether the byte before was a letter.
    is_in_word: bool,
}

impl<'v> Tokens<'v> {
    fn next(&mut self) -> Token<'v> {
        let version = self.rest;
        let Some((first, tail)) = version.split_first() else {
            return Token::End;
        };
        let is_in_word = self.is_in_word;
        self.is_in_word = first.is_ascii_alphabetic();
        let joint = usize::from(b"~-_.".contains(first));
        if !is_in_word
            && let Some(count) = version[joint..].strip_prefix(b"rc")
            && count.first().is_some_and(u8::is_ascii_digit)
        {
            self.rest = count;
            return Token::Candidate;
        }
        if !first.is_ascii_digit() {
            self.rest = tail;
            return match first {
                b'~' => Token::Before,
                other => Token::Byte(*other),
            };
        }
        let digits = version.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, tail) = version.split_at(digits);
        self.rest = tail;
        let zeros = number.iter().take_while(|b| **b == b'0').count();
        Token::Number(digits - zeros, &number[zeros..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_greater() {
        let ascending = [
            "",
            "linux",
            "linux-lts",
            "5.15.0-9-generic",
            "5.15.0-100-generic",
            "6.1.0-18-amd64",
            "6.1.0-18-cloud-amd64",
            "6.1.0-21-amd64",
            "6.6.31-0-virt",
            "6.8-a",
            "6.8-arc2",
            "6.9~1",
            "6.9~rc3-amd64",
            "6.9-rc4",
            "6.9",
            "6.9.0-rc1",
            "6.9.0",
            "6.9.0-1-default",
            "6.9.0-060900rc7-generic",
            "6.9.0-060900-generic",
            "6.10.3-200.fc40.x86_64",
            "18446744073709551616.0",
            "18446744073709551617.0",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                let found = compare(a.as_bytes(), b.as_bytes());
                assert_eq!(found, i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(compare(b"6.01", b"6.1"), Ordering::Equal);
    }
}
