//! The text of netplan(5): keys of one interface change, all other lines stay.
//!
//! It is YAML in which mappings are indented lines. Where one is in braces instead, the text is left
//! alone.

use std::ops::Range;

/// A key of an interface, with the lines that it is to have; without lines it goes.
pub(super) type Setting = (&'static str, Vec<String>);

/// Returns the text with keys of an interface set. Returns nothing where its form is another.
pub(super) fn set(text: &str, id: &str, settings: &[Setting]) -> Option<String> {
    let mut file = File {
        lines: text.lines().map(str::to_owned).collect(),
    };
    let whole = 0..file.lines.len();
    let (network, inner) = file.enter(whole, 0, "network", &["version: 2"])?;
    let (ethernets, inner) = file.enter(network, inner, "ethernets", &[])?;
    for (key, lines) in settings {
        // Each of them moves what is below.
        let (interface, inner) = file.enter(ethernets.start..file.lines.len(), inner, id, &[])?;
        file.put(interface, inner, key, lines)?;
    }
    let mut text = file.lines.join("\n");
    text.push('\n');
    Some(text)
}

struct File {
    lines: Vec<String>,
}

struct Child {
    key: String,
    /// What stands behind the key.
    value: String,
    /// Its lines, without comments below.
    lines: Range<usize>,
}

impl File {
    /// Returns the lines below a key and their indentation. A key that is not there is added, with
    /// such lines below.
    fn enter(
        &mut self,
        range: Range<usize>,
        indent: usize,
        key: &str,
        first: &[&str],
    ) -> Option<(Range<usize>, usize)> {
        let children = self.children(range.clone(), indent)?;
        if let Some(child) = children.iter().find(|child| child.key == key) {
            if !child.value.is_empty() {
                return None;
            }
            let inner = child.lines.start + 1..child.lines.end;
            let mut found = inner.clone().filter_map(|at| self.indent(at));
            let inner_indent = found.next().unwrap_or(indent + 2);
            return (inner_indent > indent).then_some((inner, inner_indent));
        }
        let at = children.last().map_or(range.start, |child| child.lines.end);
        let is_plain = key.bytes().all(|b| b.is_ascii_lowercase());
        let shown = match is_plain {
            true => key.to_owned(),
            false => format!("\"{key}\""),
        };
        let new = std::iter::once(format!("{:indent$}{shown}:", ""));
        let below = first
            .iter()
            .map(|line| format!("{:1$}{line}", "", indent + 2));
        self.lines.splice(at..at, new.chain(below));
        Some((at + 1..at + 1 + first.len(), indent + 2))
    }

    fn put(
        &mut self,
        range: Range<usize>,
        indent: usize,
        key: &str,
        lines: &[String],
    ) -> Option<()> {
        let children = self.children(range.clone(), indent)?;
        let old = children.iter().find(|child| child.key == key);
        let place = match old {
            Some(child) => child.lines.clone(),
            None => {
                let end = children.last().map_or(range.start, |child| child.lines.end);
                end..end
            }
        };
        let said = self.lines[place.clone()].iter().map(|line| line.trim());
        if !said.eq(lines.iter().map(|line| line.trim())) {
            let new = lines.iter().map(|line| format!("{:indent$}{line}", ""));
            self.lines.splice(place, new);
        }
        Some(())
    }

    /// Returns the keys of a mapping, up to where its indentation ends.
    fn children(&self, range: Range<usize>, indent: usize) -> Option<Vec<Child>> {
        let mut children: Vec<Child> = Vec::new();
        for at in range {
            let Some(found) = self.indent(at) else {
                continue;
            };
            if found < indent {
                break;
            }
            let line = self.lines[at].trim();
            // The items of a list may stand as far left as its key.
            if found == indent && !line.starts_with("- ") {
                let (key, value) = split(line)?;
                let lines = at..at + 1;
                children.push(Child { key, value, lines });
            } else {
                children.last_mut()?.lines.end = at + 1;
            }
        }
        Some(children)
    }

    /// Returns how far a line is indented; nothing for comments and empty lines.
    fn indent(&self, at: usize) -> Option<usize> {
        let line = &self.lines[at];
        let inner = line.trim_start_matches(' ');
        let is_none = inner.trim().is_empty() || inner.starts_with('#') || inner.starts_with("---");
        (!is_none).then(|| line.len() - inner.len())
    }
}

/// Splits `key: value # comment`.
fn split(line: &str) -> Option<(String, String)> {
    let (key, value) = match line.chars().next()? {
        quote @ ('"' | '\'') => {
            let (key, rest) = line[1..].split_once(quote)?;
            (key, rest.trim_start().strip_prefix(':')?)
        }
        _ => match line.strip_suffix(':') {
            Some(key) if !key.contains(": ") => (key, ""),
            _ => line.split_once(": ")?,
        },
    };
    let value = value.trim();
    let value = if value.starts_with('#') { "" } else { value };
    Some((key.to_owned(), value.to_owned()))
}
