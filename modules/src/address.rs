//! Addresses of files elsewhere, as everybody may see them.

/// Returns an address without what only its user should know: the name and the password before its
/// host, and what follows `?`, where tokens are.
#[must_use]
pub fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?..."),
        None => (rest, ""),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => host,
        None => authority,
    };
    format!("{scheme}://{host}{path}{query}")
}

/// Returns a text in which stars, as many as there were bytes, stand for what only the user of an
/// address should know.
#[must_use]
pub fn covered(text: &str) -> String {
    let mut covered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        let ends = |c: char| c.is_whitespace() || "\"'<>".contains(c);
        let (address, behind) = address.split_at(address.find(ends).unwrap_or(address.len()));
        let (address, query) = address.split_at(address.find('?').unwrap_or(address.len()));
        let authority = &address[..address.find('/').unwrap_or(address.len())];
        let secret = authority.rfind('@').unwrap_or(0);
        covered += before;
        covered += &"*".repeat(secret);
        covered += &address[secret..];
        if !query.is_empty() {
            covered += "?";
            covered += &"*".repeat(query.len() - 1);
        }
        rest = behind;
    }
    covered + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered() {
        for (text, want) in [
            ("a: http://h/b, https://h", "a: http://h/b, https://h"),
            (
                "- \"http://joe:s3cret@h/p@q\"\n- 'ftp://ü@h'",
                "- \"http://**********@h/p@q\"\n- 'ftp://**@h'",
            ),
            (
                "https://h/f?token=a@b/c # x@y",
                "https://h/f?*********** # x@y",
            ),
            ("://", "://"),
        ] {
            assert_eq!(covered(text), want);
            assert_eq!(covered(text).len(), text.len());
        }
    }

    #[test]
    fn secrets_are_left_out() {
        for (url, want) in [
            ("https://h/a/b.tar", "https://h/a/b.tar"),
            ("http://joe:s3cret@h:80/f", "http://h:80/f"),
            ("https://joe:p@ss@h/f@g", "https://h/f@g"),
            ("https://h/f?token=a@b/c", "https://h/f?..."),
            ("https://joe@h?x", "https://h?..."),
            ("https://h", "https://h"),
        ] {
            assert_eq!(shown(url), want);
        }
    }
}
