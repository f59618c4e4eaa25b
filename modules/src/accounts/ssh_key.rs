//! Public keys as lines of an `authorized_keys` file (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").

/// The types of keys, and how many fields a key of each has (RFC 4253 section 6.6, RFC 5656
/// section 3.1, RFC 8709 section 4, OpenSSH's PROTOCOL.u2f).
const TYPES: &[(&str, usize)] = &[
    ("ssh-ed25519", 2),
    ("ssh-rsa", 3),
    ("ecdsa-sha2-nistp256", 3),
    ("ecdsa-sha2-nistp384", 3),
    ("ecdsa-sha2-nistp521", 3),
    ("sk-ssh-ed25519@openssh.com", 3),
    ("sk-ecdsa-sha2-nistp256@openssh.com", 4),
    ("ssh-dss", 5),
];

/// A line that lets the holder of a key in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SshKey<'a> {
    /// The whole line with options and comment.
    line: &'a str,
    /// The key itself, in base64: two lines with the same one are for the same key.
    blob: &'a str,
}

impl<'a> SshKey<'a> {
    /// Reads a line. The type word must be the type of the key, and the key must be whole: a key
    /// that was cut in a terminal would lock its owner out.
    ///
    /// Returns what is wrong otherwise.
    pub(crate) fn parse(line: &'a str) -> Result<Self, String> {
        let line = line.trim();
        if line.contains("PRIVATE KEY") {
            return Err("is a private key; give the line of the .pub file beside it".to_owned());
        }
        if line.contains(['\n', '\r', '\0']) {
            return Err("has more than one line; make each key an item of the list".to_owned());
        }
        if line.starts_with('#') {
            return Err("is a comment".to_owned());
        }
        let (first, after) = split_word(line);
        let (kind, rest) = match fields_of(first) {
            Some(_) => (first, after),
            None => split_word(skip_options(line)),
        };
        let Some(fields) = fields_of(kind) else {
            let known: Vec<_> = TYPES.iter().map(|(kind, _)| *kind).collect();
            return Err(format!("has no key type; known are {}", known.join(", ")));
        };
        let (blob, _) = split_word(rest);
        let bytes = decode_base64(blob).ok_or("is cut or mistyped: its key is not base64")?;
        match read_fields(&bytes) {
            Some(found) if found.first() != Some(&kind.as_bytes()) => {
                let found = found.first().copied().unwrap_or_default().escape_ascii();
                Err(format!("says {kind}, but its key is of type {found}"))
            }
            Some(found) if found.len() == fields => Ok(Self { line, blob }),
            _ => Err("is cut or mistyped: its key ends in the middle".to_owned()),
        }
    }
}

/// Returns an `authorized_keys` file with the keys that it does not have yet.
pub(crate) fn add(file: &[u8], keys: &[SshKey<'_>]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    let known = text.lines().filter_map(|line| SshKey::parse(line).ok());
    let mut known: Vec<&str> = known.map(|key| key.blob).collect();
    let mut out = file.to_vec();
    for key in keys {
        if !known.contains(&key.blob) {
            known.push(key.blob);
            if !out.is_empty() && !out.ends_with(b"\n") {
                out.push(b'\n');
            }
            out.extend_from_slice(key.line.as_bytes());
            out.push(b'\n');
        }
    }
    out
}

fn fields_of(kind: &str) -> Option<usize> {
    let found = TYPES.iter().find(|(known, _)| *known == kind);
    found.map(|(_, fields)| *fields)
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once([' ', '\t']).unwrap_or((text, ""))
}

/// Returns what follows the options: they end at the first blank outside quotes.
fn skip_options(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return &line[at..],
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    ""
}

/// Splits a key into its fields, each led by its length in four bytes (RFC 4251 section 5).
fn read_fields(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
        let (field, rest) = rest.split_at_checked(len)?;
        fields.push(field);
        bytes = rest;
    }
    Some(fields)
}

/// Decodes base64 with its padding (RFC 4648 section 4), as sshd wants it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.is_empty() || !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.as_bytes().chunks(4) {
        let mut bits = 0;
        for digit in group {
            bits = bits << 6 | value(*digit)?;
        }
        // Four digits are three bytes; a last group of three or two is filled up.
        bits <<= 6 * (4 - group.len());
        let [_, whole @ ..] = u32::to_be_bytes(bits);
        bytes.extend_from_slice(&whole[..group.len() - 1]);
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH8WHzZ1lli4B/7m/AoDjc7wWaoGFcFqHEEloUnEj9R";
    const NISTP384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAA\
                            BhBKz151DcrXf16tkPV+gZ+qPm/hrK9fwlOwb+5jQthQiC9S4jGgY3f+y4qb9M355wnnKl\
                            huROGdYpAJOGcfCyJlyrcMn0nAWEPgCiwUNjN91PQ3+gyWyrLNtwj0vgeB6eSQ==";

    #[test]
    fn lines() {
        let blob = ED25519.split(' ').next_back().unwrap();
        let cut = &blob[..blob.len() - 4];
        for (line, wrong) in [
            (ED25519.to_owned(), None),
            (format!("  {ED25519} me@desk, 2nd  "), None),
            (ED25519.replace(' ', "\t"), None),
            (NISTP384.to_owned(), None),
            (format!("no-pty {ED25519}"), None),
            (
                format!("from=\"10.0.0.*\",command=\"say \\\"a b\\\"\" {ED25519} me"),
                None,
            ),
            (format!("command=\"a b {ED25519}"), Some("has no key type")),
            (blob.to_owned(), Some("has no key type")),
            (format!("ssh-ed448 {blob}"), Some("has no key type")),
            (String::new(), Some("has no key type")),
            (format!("# {ED25519}"), Some("is a comment")),
            ("ssh-ed25519".to_owned(), Some("its key is not base64")),
            (
                format!("ssh-ed25519 {}", &blob[1..]),
                Some("its key is not base64"),
            ),
            (
                format!("ssh-ed25519 {}", blob.replace('A', "-")),
                Some("its key is not base64"),
            ),
            (
                format!("ssh-ed25519 {blob}===="),
                Some("its key is not base64"),
            ),
            (
                format!("ssh-ed25519 {cut}"),
                Some("its key ends in the middle"),
            ),
            (
                format!("ssh-ed25519 {blob}{blob}"),
                Some("its key ends in the middle"),
            ),
            (
                format!("ssh-ed25519 {blob}AAAAAAAA"),
                Some("its key ends in the middle"),
            ),
            (
                format!("ssh-rsa {blob}"),
                Some("says ssh-rsa, but its key is of type ssh-ed25519"),
            ),
            (
                format!("{ED25519}\n{ED25519}"),
                Some("has more than one line"),
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
                Some("is a private key"),
            ),
        ] {
            match (SshKey::parse(&line), wrong) {
                (Ok(_), None) => {}
                (Err(found), Some(wrong)) => assert!(found.contains(wrong), "{line}: {found}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }

    #[test]
    fn each_key_once() {
        let other = format!("no-pty {ED25519} other");
        for (file, keys, after) in [
            ("", &[ED25519][..], format!("{ED25519}\n")),
            ("", &[ED25519, &other], format!("{ED25519}\n")),
            (&other, &[ED25519], other.clone()),
            ("# mine", &[ED25519], format!("# mine\n{ED25519}\n")),
            (
                "bad\n",
                &[ED25519, NISTP384],
                format!("bad\n{ED25519}\n{NISTP384}\n"),
            ),
        ] {
            let keys: Vec<_> = keys.iter().map(|key| SshKey::parse(key).unwrap()).collect();
            assert_eq!(add(file.as_bytes(), &keys), after.as_bytes());
        }
    }

    #[test]
    fn base64() {
        // RFC 4648, section 10
        for (text, bytes) in [
            ("Zg==", Some(&b"f"[..])),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYg==", Some(b"foob")),
            ("Zm9vYmE=", Some(b"fooba")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            ("", None),
            ("Zg", None),
            ("Z===", None),
            ("====", None),
            ("Zg==Zg==", None),
            ("Zm9\n", None),
        ] {
            assert_eq!(decode_base64(text).as_deref(), bytes, "{text:?}");
        }
    }
}
