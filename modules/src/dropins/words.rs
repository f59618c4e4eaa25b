//! Words of a line: between white space, with quotes and backslashes.

/// What a backslash does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backslash {
    /// It takes the meaning off the character behind it.
    Literal,
    /// It starts an escape of C: `\n`, `\x20`.
    C,
}

/// Splits up to `most` words off a line; returns them, and what is left of it.
///
/// # Errors
///
/// Returns what is wrong.
pub(crate) fn split(
    line: &[u8],
    most: usize,
    backslash: Backslash,
) -> Result<(Vec<Vec<u8>>, &[u8]), String> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while words.len() < most && !rest.is_empty() {
        let (word, after) = first(rest, backslash)?;
        words.push(word);
        rest = after.trim_ascii_start();
    }
    Ok((words, rest))
}

fn first(line: &[u8], backslash: Backslash) -> Result<(Vec<u8>, &[u8]), String> {
    let mut word = Vec::new();
    let mut quote = None;
    let mut rest = line;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'\\' => rest = escaped(rest, backslash, &mut word)?,
            b'\'' | b'"' if quote.is_none() => quote = Some(*byte),
            _ if quote == Some(*byte) => quote = None,
            _ if quote.is_none() && byte.is_ascii_whitespace() => return Ok((word, rest)),
            _ => word.push(*byte),
        }
    }
    match quote {
        None => Ok((word, rest)),
        Some(_) => Err("a quote has no end".to_owned()),
    }
}

/// Replaces the escapes of C in a text.
///
/// # Errors
///
/// Returns what is wrong.
pub(crate) fn unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = match byte {
            b'\\' => escaped(after, Backslash::C, &mut out)?,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    Ok(out)
}

/// Adds what a backslash before `rest` stands for; returns what follows.
fn escaped<'l>(
    rest: &'l [u8],
    backslash: Backslash,
    out: &mut Vec<u8>,
) -> Result<&'l [u8], String> {
    let [letter, after @ ..] = rest else {
        return Err("a backslash at the end has nothing to escape".to_owned());
    };
    if backslash == Backslash::Literal {
        out.push(*letter);
        return Ok(after);
    }
    let plain = match letter {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b's' => b' ',
        b'\\' | b'"' | b'\'' => *letter,
        b'x' => return number(after, 2, 16, out),
        b'u' => return number(after, 4, 16, out),
        b'U' => return number(after, 8, 16, out),
        b'0'..=b'7' => return number(rest, 3, 8, out),
        _ => return Err(format!("`\\{}` is no escape", letter.escape_ascii())),
    };
    out.push(plain);
    Ok(after)
}

/// Adds the character whose number is in so many digits.
fn number<'l>(
    text: &'l [u8],
    digits: usize,
    radix: u32,
    out: &mut Vec<u8>,
) -> Result<&'l [u8], String> {
    let wrong = || format!("an escape by number needs {digits} digits, and no NUL");
    let (number, after) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let is_digit = |b: &u8| char::from(*b).is_digit(radix);
    let parsed = std::str::from_utf8(number)
        .ok()
        .filter(|_| number.iter().all(is_digit))
        .and_then(|text| u32::from_str_radix(text, radix).ok());
    let parsed = parsed.filter(|n| *n != 0).ok_or_else(wrong)?;
    if digits < 4 {
        // Bytes as they are; octal numbers above 255 are none.
        out.push(u8::try_from(parsed).map_err(|_| wrong())?);
    } else {
        let letter = char::from_u32(parsed).ok_or_else(wrong)?;
        out.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fall_into_words() {
        for (line, literal, c) in [
            ("", Ok("[]"), Ok("[]")),
            ("a  b\tc d e", Ok("[a|b|c] d e"), Ok("[a|b|c] d e")),
            ("a", Ok("[a]"), Ok("[a]")),
            (
                "\"a b\" 'c \"d' e\"f\"g ",
                Ok("[a b|c \"d|efg]"),
                Ok("[a b|c \"d|efg]"),
            ),
            ("\"\" b", Ok("[|b]"), Ok("[|b]")),
            (r"a\ b", Ok("[a b]"), Err("`\\ ` is no escape")),
            (r"a\x20b\n", Ok("[ax20bn]"), Ok("[a b\n]")),
            (r"\101\u00e9", Ok("[101u00e9]"), Ok("[A\u{e9}]")),
            (
                r"\x0",
                Ok("[x0]"),
                Err("an escape by number needs 2 digits, and no NUL"),
            ),
            (
                r"\x00",
                Ok("[x00]"),
                Err("an escape by number needs 2 digits, and no NUL"),
            ),
            (
                r"\777",
                Ok("[777]"),
                Err("an escape by number needs 3 digits, and no NUL"),
            ),
            (
                r"\ud800",
                Ok("[ud800]"),
                Err("an escape by number needs 4 digits, and no NUL"),
            ),
            (
                "a\\",
                Err("a backslash at the end has nothing to escape"),
                Err("a backslash at the end has nothing to escape"),
            ),
            ("'a", Err("a quote has no end"), Err("a quote has no end")),
        ] {
            for (backslash, want) in [(Backslash::Literal, literal), (Backslash::C, c)] {
                let found = split(line.as_bytes(), 3, backslash).map(|(words, rest)| {
                    let words = words.join(&b'|');
                    let rest = if rest.is_empty() { "" } else { " " }.to_owned()
                        + std::str::from_utf8(rest).unwrap();
                    format!("[{}]{rest}", String::from_utf8(words).unwrap())
                });
                assert_eq!(found.as_deref().map_err(|e| &**e), want, "{line:?}");
            }
        }
    }
}
