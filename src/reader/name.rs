//! Names for people: on one line, whatever bytes they have.

use std::fmt::Write as _;

/// Returns a name or path as text: control characters, backslashes and what is not UTF-8 become
/// escapes that `printf '%b'` and the shell's `$'...'` read back (`\n`, `\\`, `\033`, `\377`).
pub(crate) fn shown(name: &[u8]) -> String {
    // Nearly all are plain, and a plan may have a million.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if let Ok(text) = std::str::from_utf8(name)
        && name.iter().all(is_plain)
    {
        return text.to_owned();
    }
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                char if is_harmful(char) => {
                    let mut bytes = [0; 4];
                    octal(&mut text, char.encode_utf8(&mut bytes).as_bytes());
                }
                char => text.push(char),
            }
        }
        octal(&mut text, chunk.invalid());
    }
    text
}

/// Returns whether a character would change more than the place it stands at: control characters,
/// and those that change the direction of the text or break the line.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn octal(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "\\{byte:03o}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_one_line() {
        for (name, want) in [
            (&b"plain name"[..], "plain name"),
            ("sm\u{f8}r".as_bytes(), "sm\u{f8}r"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"back\\slash", "back\\\\slash"),
            (b"\x1b[31m", "\\033[31m"),
            (b"\xff\xfe", "\\377\\376"),
            (b"\xc3", "\\303"),
            ("\u{85}".as_bytes(), "\\302\\205"),
            ("a\u{202e}b".as_bytes(), "a\\342\\200\\256b"),
            (b"\x7f", "\\177"),
        ] {
            assert_eq!(shown(name), want);
        }
    }
}
