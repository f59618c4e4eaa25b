//! Specifiers: `%m` and the like, which stand for what is known of the system.
//!
//! An image is not running: what only a running system knows stays open.

use std::collections::BTreeMap;

use crate::os_release;
use crate::{Root, RootError};

/// What specifiers stand for in one image.
#[derive(Debug, Default)]
pub(crate) struct Specifiers {
    values: BTreeMap<u8, Vec<u8>>,
}

/// Why a text could not be expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unexpanded {
    /// There is no such specifier.
    Unknown(char),
    /// Only the running system knows.
    Later(char),
}

/// The letters of what is in os-release(5).
const RELEASE: [(u8, &str); 6] = [
    (b'A', "IMAGE_VERSION"),
    (b'B', "BUILD_ID"),
    (b'M', "IMAGE_ID"),
    (b'o', "ID"),
    (b'w', "VERSION_ID"),
    (b'W', "VARIANT_ID"),
];

/// What a running system has: its architecture, boot, host name, short and long, and kernel.
const RUNNING: &[u8] = b"abHlv";

impl Specifiers {
    /// Reads what the image knows: its os-release(5) and machine-id(5).
    pub(crate) fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let mut values = BTreeMap::from([(b'T', b"/tmp".to_vec()), (b'V', b"/var/tmp".to_vec())]);
        let release = os_release::read(root)?;
        if !release.is_empty() {
            for (letter, key) in RELEASE {
                let value = release.iter().find(|(known, _)| known == key);
                let value = value.map(|(_, value)| value.clone());
                values.insert(letter, value.unwrap_or_default());
            }
        }
        let id = root.read_if_exists("/etc/machine-id")?.unwrap_or_default();
        let id = id.trim_ascii_end();
        if id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit) {
            values.insert(b'm', id.to_ascii_lowercase());
        }
        Ok(Self { values })
    }

    /// Adds specifiers that one kind of drop-in has besides.
    pub(crate) fn with(mut self, more: &[(u8, &str)]) -> Self {
        let more = more
            .iter()
            .map(|(letter, text)| (*letter, text.as_bytes().to_vec()));
        self.values.extend(more);
        self
    }

    /// Replaces the specifiers of a text; `%%` stands for `%`, and a `%` before anything but a
    /// letter for itself.
    pub(crate) fn expand(&self, text: &[u8]) -> Result<Vec<u8>, Unexpanded> {
        let mut out = Vec::new();
        let mut rest = text;
        while let [byte, after @ ..] = rest {
            rest = after;
            let (b'%', [letter, after @ ..]) = (*byte, rest) else {
                out.push(*byte);
                continue;
            };
            rest = after;
            match letter {
                b'%' => out.push(b'%'),
                _ if !letter.is_ascii_alphabetic() => out.extend([b'%', *letter]),
                _ => match self.values.get(letter) {
                    Some(value) => out.extend(value),
                    None if is_known(*letter) => {
                        return Err(Unexpanded::Later(char::from(*letter)));
                    }
                    None => return Err(Unexpanded::Unknown(char::from(*letter))),
                },
            }
        }
        Ok(out)
    }
}

fn is_known(letter: u8) -> bool {
    letter == b'm' || RUNNING.contains(&letter) || RELEASE.iter().any(|(l, _)| *l == letter)
}

impl std::fmt::Display for Unexpanded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(letter) => write!(f, "%{letter} is no specifier; write % as %%"),
            Self::Later(letter) => write!(f, "%{letter} is known on a running system only"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn images_know_what_is_in_them() {
        let id = "0123456789abcdef0123456789ABCDEF\n";
        let debian = &[
            ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
            ("/etc/machine-id", id),
        ][..];
        let fresh = &[("/etc/machine-id", "uninitialized\n")][..];
        for (files, text, want) in [
            (
                debian,
                "/x/%o-%w%W/%m",
                Ok("/x/debian-12/0123456789abcdef0123456789abcdef"),
            ),
            (debian, "100%% %T %V 5% %-", Ok("100% /tmp /var/tmp 5% %-")),
            (debian, "%b", Err(Unexpanded::Later('b'))),
            (debian, "%z", Err(Unexpanded::Unknown('z'))),
            (fresh, "%m", Err(Unexpanded::Later('m'))),
            (fresh, "%o", Err(Unexpanded::Later('o'))),
            (fresh, "%t", Ok("/run")),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let root = Root::new(&mut tree, &host, NOW);
            let specifiers = Specifiers::read(&root).unwrap().with(&[(b't', "/run")]);
            let found = specifiers.expand(text.as_bytes());
            let found = found.map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found, want.map(str::to_owned), "{text}");
        }
    }
}
