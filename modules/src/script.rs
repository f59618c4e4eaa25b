//! The scripts of packages, as messages show them.

/// How many lines of a script messages show.
const LINES: usize = 3;

/// How long a line of these may be, in characters.
const WIDTH: usize = 60;

/// Returns the first lines that say something; empty if there are none.
pub(crate) fn excerpt(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cut = |line: &str| match line.char_indices().nth(WIDTH) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line.to_owned(),
    };
    let first: Vec<_> = lines.by_ref().take(LINES).map(cut).collect();
    let more = if lines.next().is_some() { " / ..." } else { "" };
    match &*first {
        [] => String::new(),
        first => first.join(" / ") + more,
    }
}
