//! Lines that go on in the next one, where they end in `\`.

/// Splits a text into its lines, each with its end and with those that it goes on in. A line that
/// starts with `#` goes on only where comments do.
pub(crate) fn lines(text: &str, comments: bool) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut end, mut is_comment) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if start == end {
            is_comment = line.trim_start().starts_with('#');
        }
        end += line.len();
        if !line.ends_with("\\\n") || is_comment && !comments {
            all.push(&text[start..end]);
            start = end;
        }
    }
    if start < end {
        all.push(&text[start..end]);
    }
    all
}

/// Returns a line and those that it goes on in as one.
pub(crate) fn join(line: &str) -> String {
    line.replace("\\\n", "")
}

/// Returns the words of a line and of those that it goes on in.
pub(crate) fn words(line: &str) -> Vec<String> {
    join(line).split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_on() {
        for (text, comments, want) in [
            ("", false, &[][..]),
            ("a\n\nb", false, &["a\n", "\n", "b"]),
            ("a \\\n b\\\n#c\nd\n", false, &["a \\\n b\\\n#c\n", "d\n"]),
            ("# a \\\nb\n", false, &["# a \\\n", "b\n"]),
            ("# a \\\nb\nc\\\n", true, &["# a \\\nb\n", "c\\\n"]),
        ] {
            assert_eq!(lines(text, comments), want);
        }
        assert_eq!(words("a b\\\nc \\\n  d\n"), ["a", "bc", "d"]);
    }
}
