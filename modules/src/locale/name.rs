//! The name of a locale: `language_TERRITORY.charset@modifier`, of which all but the language may
//! be missing.

/// The parts of a name.
#[derive(Clone, Copy)]
pub(super) struct Name<'n> {
    pub language: &'n str,
    /// Empty if the name has none.
    pub charset: &'n str,
    /// With its `@`; empty if the name has none.
    pub modifier: &'n str,
}

impl<'n> Name<'n> {
    pub(super) fn new(name: &'n str) -> Self {
        let (plain, modifier) = name.split_at(name.find('@').unwrap_or(name.len()));
        let (language, charset) = plain.split_once('.').unwrap_or((plain, ""));
        // As the file that defines it is called.
        let charset = match charset {
            "utf8" | "UTF8" | "utf-8" => "UTF-8",
            charset => charset,
        };
        Self {
            language,
            charset,
            modifier,
        }
    }

    /// Returns the name as glibc compares it: of the charset only small letters and digits count.
    pub(super) fn normal(self) -> String {
        let charset = self.charset.chars().filter(char::is_ascii_alphanumeric);
        let charset: String = charset.map(|c| c.to_ascii_lowercase()).collect();
        let dot = if charset.is_empty() { "" } else { "." };
        format!("{}{dot}{charset}{}", self.language, self.modifier)
    }

    /// Returns the line of locale.gen(5) that asks for it; nothing when its charset is unknown.
    pub(super) fn line(self) -> Option<String> {
        let Self {
            language,
            charset,
            modifier,
        } = self;
        (!charset.is_empty()).then(|| format!("{language}.{charset}{modifier} {charset}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_glibc_does() {
        for (name, normal, line) in [
            ("de_DE.UTF-8", "de_DE.utf8", Some("de_DE.UTF-8 UTF-8")),
            ("de_DE.utf8", "de_DE.utf8", Some("de_DE.UTF-8 UTF-8")),
            (
                "de_DE.ISO-8859-15@euro",
                "de_DE.iso885915@euro",
                Some("de_DE.ISO-8859-15@euro ISO-8859-15"),
            ),
            ("ca_ES@valencia", "ca_ES@valencia", None),
            ("de_DE", "de_DE", None),
            ("C.UTF-8", "C.utf8", Some("C.UTF-8 UTF-8")),
        ] {
            let name = Name::new(name);
            assert_eq!((&*name.normal(), name.line().as_deref()), (normal, line));
        }
    }
}
