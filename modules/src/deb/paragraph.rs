//! Fields with their values: the header of a package, and each package in dpkg's list
//! (deb-control(5), deb822(5)).

use thiserror::Error;

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
    #[error("line {line} has the field {name} once more")]
    Twice { line: usize, name: String },
}

/// Fields in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Paragraph(Vec<(String, String)>);

impl Paragraph {
    /// Reads the lines of one paragraph. Lines that go on from others keep the space before them.
    pub(crate) fn parse(text: &str) -> Result<Self, ParagraphError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or(ParagraphError::Line(number))?;
                value.push('\n');
                value.push_str(line.trim_end());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(ParagraphError::Line(number))?;
            let name = name.trim_end();
            let is_name = |name: &str| {
                !name.is_empty()
                    && !name.starts_with('-')
                    && name.chars().all(|c| c.is_ascii_graphic())
            };
            if !is_name(name) {
                return Err(ParagraphError::Line(number));
            }
            if fields
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                let name = name.to_owned();
                return Err(ParagraphError::Twice { line: number, name });
            }
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self(fields))
    }

    /// Returns the value of a field, empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        let mut fields = self.0.iter();
        let found = fields.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// Sets a field; an empty value takes it away.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let place = self
            .0
            .iter()
            .position(|(other, _)| other.eq_ignore_ascii_case(name));
        match (place, value.is_empty()) {
            (Some(at), false) => self.0[at].1 = value,
            (Some(at), true) => drop(self.0.remove(at)),
            (None, false) => self.0.push((name.to_owned(), value)),
            (None, true) => {}
        }
    }

    /// Returns the lines as dpkg writes them: the fields that it knows first.
    pub(crate) fn print(&self) -> String {
        let place = |name: &str| {
            let known = ORDER
                .iter()
                .position(|known| known.eq_ignore_ascii_case(name));
            known.unwrap_or(ORDER.len())
        };
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_by_key(|(name, _)| place(name));
        let mut text = String::new();
        for (name, value) in fields {
            let name = ORDER.get(place(name)).copied().unwrap_or(name);
            let space = if value.starts_with('\n') { "" } else { " " };
            text.extend([name, ":", space, value, "\n"]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_dpkg_writes_them() {
        let text = "Homepage: x:y\nversion: 1\nDescription: short\n long\n .\n  more\nPackage:a\n\
                    Conffiles:\n /a b\n";
        let mut paragraph = Paragraph::parse(text).unwrap();
        assert_eq!(paragraph.get("VERSION"), "1");
        assert_eq!(paragraph.get("x"), "");
        paragraph.set("Status", "install ok installed");
        paragraph.set("Homepage", "");
        paragraph.set("Tag", "t");
        let want = "Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n /a b\n\
                    Description: short\n long\n .\n  more\nTag: t\n";
        assert_eq!(paragraph.print(), want);
    }

    #[test]
    fn what_is_none() {
        for (text, want) in [
            (" x\n", ParagraphError::Line(1)),
            ("A: b\nc\n", ParagraphError::Line(2)),
            (": b\n", ParagraphError::Line(1)),
            ("a b: c\n", ParagraphError::Line(1)),
            (
                "A: b\na: c\n",
                ParagraphError::Twice {
                    line: 2,
                    name: "a".to_owned(),
                },
            ),
        ] {
            assert_eq!(Paragraph::parse(text), Err(want), "{text:?}");
        }
    }
}
