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

#[cfg(test)]
mod tests {
    use super::*;

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
