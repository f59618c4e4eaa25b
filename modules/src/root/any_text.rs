//! Texts in which bytes may be no UTF-8: where a module changes a line, such bytes in others stay.
//!
//! A byte that is part of no character is one of the private characters from U+10FF80 on while the
//! text is worked on; where a file has such characters itself, their bytes are taken so as well.

use super::{Root, RootError};

/// The character that stands for the byte 0.
const FIRST: u32 = 0x10_ff00;

impl Root<'_> {
    /// Returns the content of a text file that is to be changed and written by
    /// [`Root::write_any_text`]; nothing where it is not there.
    pub(crate) fn any_text(&self, path: impl AsRef<[u8]>) -> Result<String, RootError> {
        Ok(decode(&self.read_if_exists(path)?.unwrap_or_default()))
    }

    /// Writes a text that [`Root::any_text`] returned, changed.
    pub(crate) fn write_any_text(
        &mut self,
        path: impl AsRef<[u8]>,
        text: &str,
    ) -> Result<(), RootError> {
        self.write(path, encode(text))
    }
}

/// Returns whether a character stands for a byte that is part of none.
pub(crate) fn is_byte(c: char) -> bool {
    byte(c).is_some()
}

/// Returns the byte that a character stands for.
fn byte(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// Returns a text with a private character for each byte that is part of none.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut out = String::new();
    let add = |out: &mut String, bytes: &[u8]| {
        out.extend(
            bytes
                .iter()
                .filter_map(|b| char::from_u32(FIRST + u32::from(*b))),
        );
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match byte(c) {
                None => out.push(c),
                Some(_) => add(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        add(&mut out, chunk.invalid());
    }
    out
}

/// Returns the bytes of a text that [`decode`] returned.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for c in text.chars() {
        match byte(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Returns a message about such texts with their bytes as in `\xe9`.
pub(crate) fn shown(message: &str) -> String {
    let mut out = message.to_owned();
    for byte in 0x80..=u8::MAX {
        let Some(c) = char::from_u32(FIRST + u32::from(byte)) else {
            continue;
        };
        // In quotes (`{:?}`) there is its number.
        for form in [c.to_string(), c.escape_debug().to_string()] {
            out = out.replace(&form, &format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, shown};
    use crate::Root;
    use crate::kit::{Files, THEN, image, step, value};

    #[test]
    fn modules_keep_the_bytes_of_others() {
        for (module, path, files, recipe) in [
            (
                "modules_load",
                "/etc/modprobe.d/hsb.conf",
                &[][..],
                value!({"modules_blacklist": ["pcspkr"]}),
            ),
            (
                "modules_load",
                "/etc/modules-load.d/hsb.conf",
                &[],
                value!({"modules_load": ["loop"]}),
            ),
            (
                "resolv_conf",
                "/etc/resolv.conf",
                &[],
                value!({"resolv_conf": {"nameservers": ["192.0.2.1"]}}),
            ),
            (
                "kernel_cmdline",
                "/etc/kernel/cmdline",
                &[],
                value!({"kernel_cmdline": {"add": ["a=1"]}}),
            ),
            (
                "network",
                "/etc/network/interfaces",
                &[("/sbin/ifup", "")],
                value!({"network": [{"name": "eth0", "dhcp": true}]}),
            ),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, THEN);
            root.mkdir_above(path).unwrap();
            root.write(path, b"# f\xfcr\n").unwrap();
            step(&mut tree, module, &recipe).unwrap();
            let text = Root::new(&mut tree, &host, THEN).read(path).unwrap();
            assert!(text.starts_with(b"# f\xfcr\n") && text.len() > 7, "{path}");
        }
    }

    #[test]
    fn bytes_stay() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f\xc3\xbcr\n", "f\u{fc}r\n"),
            (b"f\xfcr\n\xff\x80", "f\u{10fffc}r\n\u{10ffff}\u{10ff80}"),
            (b"\xf0\x9f\x98", "\u{10fff0}\u{10ff9f}\u{10ff98}"),
            // U+10FFFC itself.
            (
                b"\xf4\x8f\xbf\xbc",
                "\u{10fff4}\u{10ff8f}\u{10ffbf}\u{10ffbc}",
            ),
            (b"\xf4\x8f\xbc\x80", "\u{10ff00}"),
        ] {
            assert_eq!(decode(bytes), text);
            assert_eq!(encode(text), bytes);
        }
        let text = decode(b"/caf\xe9\xc3\xa9");
        let message = shown(&format!("{text} is {text:?}"));
        assert_eq!(message, "/caf\\xe9\u{e9} is \"/caf\\xe9\u{e9}\"");
    }
}
