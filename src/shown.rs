//! Texts that somebody else wrote, as a terminal may show them.

/// Returns a text on one line, with nothing in it that could move the cursor or change colours, and
/// without what only the users of addresses should know; of a longer one, so many characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    shown(&modules::shown_address(text), longest, |c| c == '\t')
}

/// Returns lines of text in the same way, with their line ends.
pub(crate) fn lines(text: &str, longest: usize) -> String {
    shown(text, longest, |c| matches!(c, '\t' | '\n'))
}

fn shown(text: &str, longest: usize, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        match c.is_control() && !stays(c) {
            _ if at == longest => return shown + "...",
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_is_escaped() {
        for (text, longest, on_one_line, on_lines) in [
            ("plain\ttext", 20, "plain\ttext", "plain\ttext"),
            ("\u{1b}[2J\r", 20, "\\u{1b}[2J\\r", "\\u{1b}[2J\\r"),
            ("a\nb\u{9b}", 20, "a\\nb\\u{9b}", "a\nb\\u{9b}"),
            ("x://a:b@h", 20, "x://h", "x://a:b@h"),
            ("äöü", 3, "äöü", "äöü"),
            ("äöü", 2, "äö...", "äö..."),
        ] {
            assert_eq!(one_line(text, longest), on_one_line);
            assert_eq!(lines(text, longest), on_lines);
        }
    }
}
