//! What only the users of addresses should know: the name and the password before a host, and what
//! follows `?`, where tokens are. Everybody may see a text without that.

use std::ops::Range;

/// Returns a text without what is secret in its addresses.
#[must_use]
pub fn shown(text: &str) -> String {
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for secret in secrets(text) {
        shown += &text[end..secret.start];
        // The `@` goes as well.
        end = match shown.ends_with('?') {
            true => secret.end,
            false => secret.end + 1,
        };
        if shown.ends_with('?') {
            shown += "...";
        }
    }
    shown + &text[end..]
}

/// Returns a text in which stars, as many as there were bytes, stand for what is secret in its
/// addresses.
#[must_use]
pub fn covered(text: &str) -> String {
    let (mut covered, mut end) = (String::with_capacity(text.len()), 0);
    for secret in secrets(text) {
        covered += &text[end..secret.start];
        covered += &"*".repeat(secret.len());
        end = secret.end;
    }
    covered + &text[end..]
}

/// Returns where secrets are.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    let mut start = 0;
    while let Some(at) = text[start..].find("://") {
        start += at + 3;
        let rest = &text[start..];
        // People forget that some signs have to be written as `%20`. A message may go on here.
        let authority = until(rest, |c| "/?\n`".contains(c));
        let authority = authority.split(": ").next().unwrap_or_default();
        let is_port = |port: &str| port.ends_with(']') || port.bytes().all(|c| c.is_ascii_digit());
        let user = match (authority.rfind('@'), authority.rsplit_once(':')) {
            (Some(at), _) => at,
            (None, Some((_, port))) if !is_port(port) => word(rest).rfind('@').unwrap_or(0),
            (None, _) => 0,
        };
        if user > 0 {
            secrets.push(start..start + user);
        }
        start += user;
        let address = word(&text[start..]);
        if let Some(at) = address.find('?') {
            let query = address[at + 1..].trim_end_matches(|c| ":;,`'\")]}".contains(c));
            secrets.push(start + at + 1..start + at + 1 + query.len());
        }
        start += address.len();
    }
    secrets
}

fn word(text: &str) -> &str {
    until(text, char::is_whitespace)
}

fn until(text: &str, ends: impl Fn(char) -> bool) -> &str {
    &text[..text.find(ends).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_to_be_seen() {
        for (text, want_shown, want_covered) in [
            (
                "a: http://h/b, https://h",
                "a: http://h/b, https://h",
                "a: http://h/b, https://h",
            ),
            (
                "http://joe:s3cret@h:80/f",
                "http://h:80/f",
                "http://**********@h:80/f",
            ),
            (
                "https://joe:p@ss@h/f@g",
                "https://h/f@g",
                "https://********@h/f@g",
            ),
            (
                "- \"http://joe:pw@h/p@q\"\n- 'ftp://ü@h'",
                "- \"http://h/p@q\"\n- 'ftp://h'",
                "- \"http://******@h/p@q\"\n- 'ftp://**@h'",
            ),
            (
                "https://h/f?t=a@b/c # x@y",
                "https://h/f?... # x@y",
                "https://h/f?******* # x@y",
            ),
            (
                "[https://h/f?t='a]",
                "[https://h/f?...]",
                "[https://h/f?****]",
            ),
            ("https://joe@h?x", "https://h?...", "https://***@h?*"),
            (
                "https://h/f?...: no",
                "https://h/f?...: no",
                "https://h/f?***: no",
            ),
            // What is no address, as it is written.
            ("http://joe:it's@h/f", "http://h/f", "http://********@h/f"),
            ("http://joe:a b@h/f", "http://h/f", "http://*******@h/f"),
            ("http://joe:a/b@h/f", "http://h/f", "http://*******@h/f"),
            ("http://joe:a#b@h/f", "http://h/f", "http://*******@h/f"),
            (
                "http://joe:a?b@h/f?c",
                "http://h/f?...",
                "http://*******@h/f?*",
            ),
            ("http://[::1]/a@b", "http://[::1]/a@b", "http://[::1]/a@b"),
            (
                "http://h: give a@b",
                "http://h: give a@b",
                "http://h: give a@b",
            ),
            (
                "`http://h` is a@b",
                "`http://h` is a@b",
                "`http://h` is a@b",
            ),
            ("http://h?", "http://h?...", "http://h?"),
            ("://", "://", "://"),
        ] {
            assert_eq!(shown(text), want_shown);
            assert_eq!(shown(want_shown), want_shown);
            assert_eq!(covered(text), want_covered);
            assert_eq!(covered(text).len(), text.len());
        }
    }
}
