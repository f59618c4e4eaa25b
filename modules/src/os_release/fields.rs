//! What the image says of itself: the keys and values of os-release(5).

use crate::{Root, RootError};

/// Returns the file that programs read, or the one to make. A link to `/dev/null` in `/etc` hides
/// the file of the vendor.
pub(super) fn place(root: &Root<'_>) -> &'static str {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let counts = |file: &&str| root.is_file(file) || root.is_masked(file);
    files.into_iter().find(counts).unwrap_or(files[0])
}

/// Returns keys and values in the order of the file; nothing when the image has none.
pub(crate) fn read(root: &Root<'_>) -> Result<Vec<(String, Vec<u8>)>, RootError> {
    let file = place(root);
    if !root.is_file(file) {
        return Ok(Vec::new());
    }
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for line in root.lines(file)? {
        let Some(cut) = line.iter().position(|b| *b == b'=') else {
            continue;
        };
        let (key, value) = (line[..cut].trim_ascii(), line[cut + 1..].trim_ascii());
        let is_key = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        if key.is_empty() || !key.iter().all(is_key) {
            continue;
        }
        let key = String::from_utf8_lossy(key).into_owned();
        let value = unquote(value);
        // The last one counts, as in a shell.
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, before)) => *before = value,
            None => found.push((key, value)),
        }
    }
    Ok(found)
}

/// Takes the quotes off a value; in double quotes a backslash takes the meaning off `"$\`` and
/// itself.
fn unquote(value: &[u8]) -> Vec<u8> {
    match value {
        [b'\'', inner @ .., b'\''] => inner.to_vec(),
        [b'"', inner @ .., b'"'] => {
            let mut text = Vec::new();
            let mut bytes = inner.iter().copied().peekable();
            while let Some(byte) = bytes.next() {
                let escaped = bytes.next_if(|next| byte == b'\\' && b"\"$\\`".contains(next));
                text.push(escaped.unwrap_or(byte));
            }
            text
        }
        bare => bare.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::distributions::DISTRIBUTIONS;
    use crate::kit::{Files, NOW, distribution, image};

    #[test]
    fn the_sample_distributions_say_what_they_are() {
        for (name, _) in DISTRIBUTIONS {
            let mut tree = distribution(name);
            let host = Files::default();
            let keys = read(&Root::new(&mut tree, &host, NOW)).unwrap();
            let (_, id) = keys.iter().find(|(key, _)| key == "ID").unwrap();
            assert!(String::from_utf8_lossy(id).contains(name), "{name}");
        }
    }

    #[test]
    fn keys_and_values() {
        let text = "# comment\nID=debian\nPRETTY_NAME=\"Debian \\\"12\\\" \\n\"\nVERSION_ID='12'\n\
                    broken\n=x\nA B=c\nEMPTY=\nID=last\n";
        let want: [(&str, &[u8]); 4] = [
            ("ID", b"last"),
            ("PRETTY_NAME", b"Debian \"12\" \\n"),
            ("VERSION_ID", b"12"),
            ("EMPTY", b""),
        ];
        let want = want.map(|(key, value)| (key.to_owned(), value.to_vec()));
        for (files, want) in [
            (&[("/etc/os-release", text)][..], &want[..]),
            (
                &[
                    ("/usr/lib/os-release", text),
                    ("/etc/os-release@", "../usr/lib/os-release"),
                ],
                &want,
            ),
            (&[("/usr/lib/os-release", text)], &want),
            (&[("/etc/os-release", "")], &[]),
            (
                &[
                    ("/usr/lib/os-release", text),
                    ("/etc/os-release@", "/dev/null"),
                ],
                &[],
            ),
            (&[], &[]),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let root = Root::new(&mut tree, &host, NOW);
            assert_eq!(read(&root).unwrap(), want);
        }
    }
}
