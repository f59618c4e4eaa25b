//! The ways to be let in that a server offers (RFC 9110, 11.6.1, "WWW-Authenticate").

/// A way to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What it is, in small letters: `bearer`.
    pub scheme: String,
    /// Names, in small letters, and values, as `realm` and an address.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads all challenges of a header, of which there may be several with commas between them.
    /// What is none is passed over.
    pub fn all(header: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut rest = header;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let (word, behind) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
            let value = behind.trim_start_matches([' ', '\t']).strip_prefix('=');
            rest = match (word, value) {
                ("", _) => match behind.char_indices().nth(1) {
                    None => return found,
                    Some((next, _)) => &behind[next..],
                },
                (name, Some(text)) => {
                    let (value, rest) = value_of(text.trim_start_matches([' ', '\t']));
                    if let Some(challenge) = found.last_mut() {
                        let name = name.to_ascii_lowercase();
                        challenge.parameters.push((name, value));
                    }
                    rest
                }
                (scheme, None) => {
                    found.push(Self {
                        scheme: scheme.to_ascii_lowercase(),
                        parameters: Vec::new(),
                    });
                    behind
                }
            };
        }
    }

    /// Returns a parameter; of several with the same name, the first one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(found, _)| found == name)?;
        Some(value)
    }
}

/// Returns whether a word ends before a character.
fn is_end(c: char) -> bool {
    matches!(c, ' ' | '\t' | ',' | '=' | '"')
}

/// Reads a value, which may be in quotes, and returns what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_one_by_one() {
        for (header, want) in [
            (
                "Bearer realm=\"https://auth.example/token?a=b\",service=\"a, b\" , scope=x:y",
                "bearer(realm:https://auth.example/token?a=b)(service:a, b)(scope:x:y)",
            ),
            ("BASIC realm=x", "basic(realm:x)"),
            ("Negotiate", "negotiate"),
            (
                "Basic realm=\"x\", Bearer realm=\"y\",service=z",
                "basic(realm:x)bearer(realm:y)(service:z)",
            ),
            ("Basic, Bearer Realm = y", "basicbearer(realm:y)"),
            ("Bearer realm=\"a\\\"b\\\\\"", "bearer(realm:a\"b\\)"),
            ("Negotiate abc==", "negotiate(abc:=)"),
            ("realm=x", ""),
            ("Bearer realm=\"cut", "bearer(realm:cut)"),
            ("Bearer =\"\u{e9}\\", ""),
            (" ,=,\"", ""),
            ("", ""),
        ] {
            let found = Challenge::all(header).into_iter().map(|challenge| {
                let parameters = challenge.parameters.iter();
                let shown = parameters.map(|(name, value)| format!("({name}:{value})"));
                challenge.scheme.clone() + &shown.collect::<String>()
            });
            assert_eq!(found.collect::<String>(), want, "{header}");
        }
    }

    #[test]
    fn the_first_of_several_counts() {
        let found = Challenge::all("Bearer a=1,a=2");
        assert_eq!(found[0].get("a"), Some("1"));
        assert_eq!(found[0].get("b"), None);
    }
}
