//! Fields with their values: the header of a package, and each package in dpkg's list
//! (deb-control(5), deb822(5)).

use std::collections::HashSet;

use thiserror::Error;

use crate::root::any_text::{decode, encode};

/// The fields that dpkg's list has first, in its order (dpkg's `fieldinfos`).
const ORDER: [&str; 29] = [
    "Package",
    "Essential",
    "Protected",
    "Status",
    "Priority",
    "Section",
    "Installed-Size",
    "Origin",
    "Maintainer",
    "Bugs",
    "Architecture",
    "Multi-Arch",
    "Source",
    "Version",
    "Config-Version",
    "Replaces",
    "Provides",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Suggests",
    "Breaks",
    "Conflicts",
    "Enhances",
    "Conffiles",
    "Description",
    "Triggers-Pending",
    "Triggers-Awaited",
    // No field; all others are behind.
    "",
];

/// What is wrong with a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ParagraphError {
    #[error("line {0} is no `Field: value`")]
    Line(usize),
    #[error("line {0} has only spaces, which no value can have")]
    Blank(usize),
    #[error("line {line} has the field {name} once more")]
    Twice { line: usize, name: String },
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// Bytes in both may be no UTF-8.
    name: String,
    text: String,
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Fields in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paragraph(Vec<Field>);

impl Paragraph {
    /// Reads the lines of one paragraph. Lines that go on from others keep the space before them.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ParagraphError> {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut names = HashSet::new();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                let (_, value) = fields.last_mut().ok_or(ParagraphError::Line(number))?;
                if line.trim_ascii().is_empty() {
                    return Err(ParagraphError::Blank(number));
                }
                value.push(b'\n');
                value.extend(line);
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.ok_or(ParagraphError::Line(number))?);
            let name = name.trim_ascii_end();
            // dpkg takes all but spaces, and what ended files of DOS.
            let is_odd = |byte: &u8| byte.is_ascii_whitespace() || [0, 0x0b, 0x1a].contains(byte);
            if name.is_empty() || name.starts_with(b"-") || name.iter().any(is_odd) {
                return Err(ParagraphError::Line(number));
            }
            let name = decode(name);
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(ParagraphError::Twice { line: number, name });
            }
            fields.push((name, value[1..].trim_ascii_start().to_vec()));
        }
        let fields = fields.into_iter().map(|(name, value)| Field {
            name,
            text: decode(value.trim_ascii_end()),
        });
        Ok(Self(fields.collect()))
    }

    /// Returns the value of a field, empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        let mut fields = self.0.iter();
        let found = fields.find(|field| field.is(name));
        found.map_or("", |field| &field.text)
    }

    /// Returns whether a field is there, if only with nothing.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|field| field.is(name))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|field| &*field.name)
    }

    /// Gives a field another name.
    pub(crate) fn rename(&mut self, old: &str, name: &str) {
        for field in &mut self.0 {
            if field.is(old) {
                name.clone_into(&mut field.name);
            }
        }
    }

    /// Sets a field; an empty value takes it away.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let place = self.0.iter().position(|field| field.is(name));
        match (place, value.is_empty()) {
            (Some(at), false) => self.0[at].text = value,
            (Some(at), true) => drop(self.0.remove(at)),
            (None, false) => self.0.push(Field {
                name: name.to_owned(),
                text: value,
            }),
            (None, true) => {}
        }
    }

    /// Returns the lines as dpkg writes them: the fields that it knows first, if they have a value.
    pub(crate) fn print(&self) -> Vec<u8> {
        let place = |field: &Field| {
            let known = ORDER.iter().position(|known| field.is(known));
            known.unwrap_or(ORDER.len())
        };
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_by_key(|field| place(field));
        let mut lines = Vec::new();
        for field in fields {
            let known = ORDER.get(place(field)).copied();
            if known.is_some() && field.text.is_empty() {
                continue;
            }
            let space = if known == Some("Conffiles") { "" } else { " " };
            for text in [known.unwrap_or(&field.name), ":", space, &field.text] {
                lines.extend(encode(text));
            }
            lines.push(b'\n');
        }
        lines
    }
}

/// Returns the lines of each paragraph of a list.
pub(crate) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let [b'\n', after @ ..] = rest {
            rest = after;
        }
        let end = rest.windows(2).position(|pair| pair == b"\n\n");
        let (lines, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
        (!lines.is_empty()).then_some(lines)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_dpkg_writes_them() {
        let text = "Homepage: x:y\nversion: 1\nDescription: short\n long\n .\n  more\nPackage:a\n\
                    Conffiles:\n /a b\n";
        let mut paragraph = Paragraph::parse(text.as_bytes()).unwrap();
        assert_eq!(paragraph.get("VERSION"), "1");
        assert_eq!(paragraph.get("x"), "");
        paragraph.set("Status", "install ok installed");
        paragraph.set("Homepage", "");
        paragraph.set("Tag", "t");
        let want = "Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n /a b\n\
                    Description: short\n long\n .\n  more\nTag: t\n";
        assert_eq!(str::from_utf8(&paragraph.print()), Ok(want));
    }

    #[test]
    fn what_is_none() {
        for (text, want) in [
            (" x\n", ParagraphError::Line(1)),
            ("A: b\nc\n", ParagraphError::Line(2)),
            (": b\n", ParagraphError::Line(1)),
            ("a b: c\n", ParagraphError::Line(1)),
            ("a: b\n c\n \t\n d", ParagraphError::Blank(3)),
            (
                "A: b\na: c\n",
                ParagraphError::Twice {
                    line: 2,
                    name: "a".to_owned(),
                },
            ),
        ] {
            assert_eq!(Paragraph::parse(text.as_bytes()), Err(want), "{text:?}");
        }
    }

    /// One by one, they would take minutes.
    #[test]
    fn many_fields() {
        let lines: String = (0..200_000).map(|n| format!("X{n}: a\n")).collect();
        let paragraph = Paragraph::parse(lines.as_bytes()).unwrap();
        assert_eq!(paragraph.names().count(), 200_000);
    }
}
