//! Files in p11-kit's own form: lines of attributes below `[p11-kit-object-v1]`, and blocks of PEM.

use memchr::memmem::find;

use super::certificate::Certificate;
use super::extension::Extension;
use super::object::{Entry, Object};
use super::oid::dotted;
use super::pem::{self, is_blank};

/// What begins an object, by which such a file is known.
pub(super) const HEADER: &[u8] = b"[p11-kit-object-v1]";

/// Attributes that extensions may have as well.
const COMMON: [&str; 9] = [
    "class",
    "label",
    "modifiable",
    "private",
    "id",
    "value",
    "public-key-info",
    "x-public-key-info",
    "object-id",
];

/// Attributes that change nothing that is made here.
const IDLE: [&str; 13] = [
    "modifiable",
    "private",
    "id",
    "url",
    "check-value",
    "start-date",
    "end-date",
    "java-midp-security-domain",
    "hash-of-subject-public-key",
    "hash-of-issuer-public-key",
    "nss-mozilla-ca-policy",
    "nss-server-distrust-after",
    "nss-email-distrust-after",
];

/// An object as its lines say it.
#[derive(Default)]
struct Draft {
    class: Option<String>,
    kind: Option<String>,
    object_id: Option<String>,
    value: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
    entry: Entry,
    /// Whether attributes are there that only certificates can have.
    is_certificate: bool,
}

/// Reads a file; says what of it is not understood.
pub(super) fn read(mut text: &[u8]) -> Result<Vec<Object>, String> {
    let (mut objects, mut draft) = (Vec::new(), None);
    let mut number = 0;
    while !text.is_empty() {
        number += 1;
        let at = |why: &str| format!("line {number}: {why}");
        if text.starts_with(b"-----BEGIN ") {
            let end = find(text, b"\n-----END ").ok_or_else(|| at("the block has no end"))?;
            let rest = &text[end + 1..];
            let line = rest.iter().position(|byte| *byte == b'\n');
            let len = end + 1 + line.map_or(rest.len(), |line| line + 1);
            let (block, after) = text.split_at(len);
            let draft: &mut Draft = draft.as_mut().ok_or_else(|| at("nothing begins"))?;
            draft.block(block).map_err(|why| at(&why))?;
            number += block.iter().filter(|byte| **byte == b'\n').count() - 1;
            text = after;
            continue;
        }
        let end = text.iter().position(|byte| *byte == b'\n');
        let (line, after) = text.split_at(end.map_or(text.len(), |end| end + 1));
        text = after;
        let line = trim(line);
        match line {
            [] | [b'#', ..] => {}
            HEADER => {
                if let Some(before) = draft.replace(Draft::default()) {
                    objects.push(
                        before
                            .finish()
                            .map_err(|why| at(&format!("above it, {why}")))?,
                    );
                }
            }
            line => {
                let draft: &mut Draft = draft.as_mut().ok_or_else(|| at("nothing begins"))?;
                let colon = line.iter().position(|byte| *byte == b':');
                let (name, value) = line.split_at(colon.ok_or_else(|| at("there is no colon"))?);
                let name = String::from_utf8_lossy(trim(name));
                let said = draft.field(&name, trim(&value[1..]));
                said.ok_or_else(|| at(&format!("{name} is not understood")))?;
            }
        }
    }
    if let Some(last) = draft {
        objects.push(last.finish()?);
    }
    Ok(objects)
}

fn trim(mut line: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = line
        && is_blank(*first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && is_blank(*last)
    {
        line = rest;
    }
    line
}

/// Returns what stands between quotes, with `%` and two digits for any byte.
fn quoted(value: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        let byte = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digit = |sign: u8| char::from(sign).to_digit(16);
                u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?
            }
            (b'%', _) => return None,
            (byte, _) => *byte,
        };
        bytes.push(byte);
    }
    Some(bytes)
}

fn flag(value: &[u8]) -> Option<bool> {
    match value {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

impl Draft {
    fn field(&mut self, name: &str, value: &[u8]) -> Option<()> {
        // Where one stands twice, p11-kit looks at the first as well.
        let word = |known: &mut Option<String>| {
            let word = String::from_utf8(value.to_vec()).ok()?;
            known.replace(word).is_none().then_some(())
        };
        let entry = &mut self.entry;
        match name {
            "class" => word(&mut self.class)?,
            "label" => {
                let label = quoted(value).filter(|label| !label.contains(&0))?;
                entry.label = Some(label);
            }
            "value" => self.value = Some(quoted(value)?),
            "public-key-info" | "x-public-key-info" => entry.key = Some(quoted(value)?),
            "object-id" => word(&mut self.object_id)?,
            "certificate-type" => word(&mut self.kind)?,
            "issuer" => entry.issuer = Some(quoted(value)?),
            "subject" => self.subject = Some(quoted(value)?),
            "serial-number" => entry.serial = Some(quoted(value)?),
            "trusted" => entry.is_trusted = Some(flag(value)?),
            "x-distrusted" => entry.is_distrusted = Some(flag(value)?),
            "certificate-category" => {
                entry.is_authority = match value {
                    b"authority" | b"2" => Some(true),
                    b"unspecified" | b"token-user" | b"other-entry" | b"0" | b"1" | b"3" => {
                        Some(false)
                    }
                    _ => None,
                };
                entry.is_authority?;
            }
            name if IDLE.contains(&name) => {
                let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                (is_number || flag(value).is_some() || quoted(value).is_some()).then_some(())?;
            }
            _ => return None,
        }
        self.is_certificate |= !COMMON.contains(&name);
        Some(())
    }

    fn block(&mut self, text: &[u8]) -> Result<(), String> {
        let blocks = pem::blocks(text)?;
        let [block] = &*blocks else {
            return Err("there is no block".to_owned());
        };
        let content = block.content.clone();
        match block.label {
            b"CERTIFICATE" => {
                self.class.get_or_insert("certificate".to_owned());
                self.kind.get_or_insert("x-509".to_owned());
                self.value.get_or_insert(content);
            }
            b"PUBLIC KEY" => {
                self.entry.key.get_or_insert(content);
            }
            label => {
                let label = String::from_utf8_lossy(label);
                return Err(format!("a {label} is not understood"));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Object, String> {
        match self.class.as_deref() {
            Some("certificate") => self.certificate(),
            Some("x-certificate-extension") => self.extension(),
            Some(class) => Err(format!("the class {class} is not understood")),
            None => Err("there is no class".to_owned()),
        }
    }

    fn certificate(self) -> Result<Object, String> {
        if self.kind.as_deref() != Some("x-509") || self.object_id.is_some() {
            return Err("it is no certificate of X.509".to_owned());
        }
        let mut entry = self.entry;
        if let Some(der) = self.value.filter(|der| !der.is_empty()) {
            let certificate = Certificate::read(&der).ok_or("the certificate is damaged")?;
            let subject = Some(certificate.subject.clone());
            let own = Entry::of(certificate);
            let differ =
                |said: &Option<Vec<u8>>, own: &Option<Vec<u8>>| said.is_some() && said != own;
            if differ(&self.subject, &subject)
                || differ(&entry.issuer, &own.issuer)
                || differ(&entry.serial, &own.serial)
                || differ(&entry.key, &own.key)
            {
                return Err("its attributes are not those of the certificate".to_owned());
            }
            entry = Entry {
                label: entry.label,
                is_trusted: entry.is_trusted,
                is_distrusted: entry.is_distrusted,
                is_authority: entry.is_authority,
                ..own
            };
        }
        Ok(Object::Certificate(Box::new(entry)))
    }

    fn extension(self) -> Result<Object, String> {
        let key = self.entry.key.ok_or("there is no key that it belongs to")?;
        let extension = self.value.as_deref().and_then(Extension::read);
        let extension = extension.ok_or("the extension is damaged")?;
        let kind = dotted(&extension.kind);
        // By a mistake, p11-kit reads no number with an 8 in it.
        let is_said = self
            .object_id
            .is_none_or(|said| Some(&said) == kind.as_ref() && !said.contains('8'));
        if self.is_certificate || !is_said {
            return Err("its attributes are not those of the extension".to_owned());
        }
        Ok(Object::Extension(key, extension))
    }
}
