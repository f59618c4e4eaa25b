//! A file of sections that is to say what another text says, and keeps what is not ours.

use crate::root::line_end;

/// Whether a line goes on in the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Behind `\`, as systemd reads them.
    GoOn,
    /// Never, as GLib reads them: `\` is a part of the value.
    End,
}

/// Returns the file with the keys of `wanted`. Keys that are `ours` and that `wanted` has not go,
/// all other lines stay. A section that is `repeated` is ours as a whole, each time it is there.
pub(crate) fn merge(
    file: &str,
    wanted: &str,
    lines: Lines,
    ours: fn(section: &str, key: &str) -> bool,
    repeated: &[&str],
) -> String {
    let line_end = line_end(file.as_bytes());
    let wanted = match line_end {
        "\n" => wanted.to_owned(),
        other => wanted.replace('\n', other),
    };
    let mut file = sections(file, lines, line_end);
    let wanted = sections(&wanted, lines, line_end);
    let mut done: Vec<String> = Vec::new();
    for section in &mut file {
        let is_first = !done.contains(&section.name);
        done.push(section.name.clone());
        let new = wanted
            .iter()
            .find(|new| is_first && new.name == section.name);
        if !section.is(repeated) {
            section.set(new, ours, line_end);
        }
    }
    for new in &wanted {
        if !new.is(repeated) && !done.contains(&new.name) {
            push(&mut file, new, line_end);
        }
    }
    let blocks = |all: &[Section]| -> Vec<Vec<(String, String)>> {
        let all = all.iter().filter(|section| section.is(repeated));
        all.map(Section::pairs).collect()
    };
    if blocks(&file) != blocks(&wanted) {
        file.retain(|section| !section.is(repeated));
        for new in wanted.iter().filter(|new| new.is(repeated)) {
            push(&mut file, new, line_end);
        }
    }
    file.iter().map(|section| section.lines.concat()).collect()
}

struct Section {
    /// Empty for what is above the first one.
    name: String,
    /// With the line of the name; each with those that it goes on in.
    lines: Vec<String>,
}

fn sections(text: &str, lines: Lines, line_end: &str) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    let mut goes_on = false;
    for whole in text.split_inclusive('\n') {
        let line = whole.lines().next().unwrap_or_default();
        let whole = match whole.ends_with('\n') {
            true => whole.to_owned(),
            false => format!("{whole}{line_end}"),
        };
        let trimmed = line.trim();
        let is_comment = trimmed.starts_with(['#', ';']);
        let was_on = goes_on;
        // Comments between the lines of a value are no end of it.
        goes_on = if is_comment {
            was_on
        } else {
            lines == Lines::GoOn && line.ends_with('\\')
        };
        if let Some(last) = all.last_mut().and_then(|last| last.lines.last_mut())
            && was_on
        {
            *last += &whole;
            continue;
        }
        let name = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if name.is_some() || all.is_empty() {
            all.push(Section {
                name: name.unwrap_or_default().to_owned(),
                lines: Vec::new(),
            });
        }
        if let Some(last) = all.last_mut() {
            last.lines.push(whole);
        }
    }
    all
}

fn push(file: &mut Vec<Section>, new: &Section, line_end: &str) {
    let mut lines = new.lines.clone();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    if let Some(last) = file.last_mut().filter(|last| {
        last.lines
            .last()
            .is_some_and(|line| !line.trim().is_empty())
    }) {
        last.lines.push(line_end.to_owned());
    }
    let name = new.name.clone();
    file.push(Section { name, lines });
}

impl Section {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&&*self.name)
    }

    fn pairs(&self) -> Vec<(String, String)> {
        self.lines.iter().filter_map(|line| pair(line)).collect()
    }

    /// Gives the section the keys of another one, and takes away what else is ours.
    fn set(&mut self, wanted: Option<&Section>, ours: fn(&str, &str) -> bool, line_end: &str) {
        let new = wanted.map_or_else(Vec::new, Section::pairs);
        let mut keys: Vec<String> = Vec::new();
        let is_ours = |key: &String| ours(&self.name, key);
        let old = self.pairs().into_iter().map(|(key, _)| key).filter(is_ours);
        for key in new.iter().map(|(key, _)| key.clone()).chain(old) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for key in keys {
            let is_of = |line: &String| pair(line).filter(|(other, _)| *other == key);
            let old: Vec<usize> = (0..self.lines.len())
                .filter(|at| is_of(&self.lines[*at]).is_some())
                .collect();
            let values: Vec<_> = new.iter().filter(|(other, _)| *other == key).collect();
            let said = old.iter().filter_map(|at| is_of(&self.lines[*at]));
            if said
                .map(|(_, value)| value)
                .eq(values.iter().map(|(_, value)| value.clone()))
            {
                continue;
            }
            let lines = self.lines.iter();
            let end = self.lines.len()
                - lines
                    .rev()
                    .take_while(|line| line.trim().is_empty())
                    .count();
            let at = old.first().copied().unwrap_or(end);
            for at in old.into_iter().rev() {
                self.lines.remove(at);
            }
            let new = values
                .iter()
                .map(|(key, value)| format!("{key}={value}{line_end}"));
            self.lines.splice(at..at, new);
        }
    }
}

/// Returns key and value of a line, with what it goes on in.
fn pair(line: &str) -> Option<(String, String)> {
    let mut parts = line.lines();
    let first = parts.next().unwrap_or_default();
    let more = parts.filter(|part| !part.trim().starts_with(['#', ';']));
    let parts: Vec<_> = std::iter::once(first).chain(more).collect();
    let line = parts.join("\n").replace("\\\n", " ");
    let line = line.trim();
    let (key, value) = line.split_once('=')?;
    let is_comment = line.starts_with(['#', ';']);
    (!is_comment).then(|| (key.trim_end().to_owned(), value.trim_start().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_stays() {
        let wanted = "[A]\nk=1\nk=2\n\n[B]\nb=1\n\n[R]\nx=1\n\n[R]\nx=2\n";
        for (file, after) in [
            ("", wanted.to_owned()),
            (wanted, wanted.to_owned()),
            (
                "# c\n[A]\n# d\nk=2\nother=1\ngone=1\n\n# e\n[C]\nk=7\n",
                "# c\n[A]\n# d\nk=1\nk=2\nother=1\n\n# e\n[C]\nk=7\n\n[B]\nb=1\n\n[R]\nx=1\n\n[R]\nx=2\n"
                    .to_owned(),
            ),
            (
                "[R]\n# r\nx = 1\n[R]\nx=2\n[B]\nb = 1\n[A]\nm=\u{fc}\n[A]\nk=1\n",
                "[R]\n# r\nx = 1\n[R]\nx=2\n[B]\nb = 1\n[A]\nm=\u{fc}\nk=1\nk=2\n[A]\n".to_owned(),
            ),
            (
                "[Q]\nq=1\n[A]\nk=1 \\\n# c\n  2\nm=1 \\\n  k=3\n# d \\\ngone=1 \\\n  2\n[R]\nx=3\n",
                "[A]\nk=1\nk=2\nm=1 \\\n  k=3\n# d \\\n[B]\nb=1\n\n[R]\nx=1\n\n[R]\nx=2\n".to_owned(),
            ),
            // Lines end as they did.
            (
                "# c\r\n[A]\r\nk=0\r\ngone=1\r\nm=1 \\\r\n 2\r\n[R]\r\nx=1\r\n[R]\r\nx=2",
                "# c\r\n[A]\r\nk=1\r\nk=2\r\nm=1 \\\r\n 2\r\n[R]\r\nx=1\r\n[R]\r\nx=2\r\n\r\n[B]\r\nb=1\r\n"
                    .to_owned(),
            ),
            ("[R]\nx=3\n[A]\n", "[A]\nk=1\nk=2\n\n[B]\nb=1\n\n[R]\nx=1\n\n[R]\nx=2\n".to_owned()),
        ] {
            let ours = |section: &str, key: &str| section == "A" && matches!(key, "k" | "gone");
            let once = merge(file, wanted, Lines::GoOn, ours, &["Q", "R"]);
            assert_eq!(once, after);
            assert_eq!(merge(&once, wanted, Lines::GoOn, ours, &["Q", "R"]), once);
        }
    }

    #[test]
    fn where_no_line_goes_on() {
        let ours = |_: &str, key: &str| key == "k";
        for (file, after) in [
            ("[A]\nm=x\\\nk=0\n", "[A]\nm=x\\\nk=1\n"),
            ("[A]\nk=0\\\nm=x\n", "[A]\nk=1\nm=x\n"),
            ("[A]\nm=x\\\n[B]\nk=0\n", "[A]\nm=x\\\nk=1\n[B]\n"),
        ] {
            assert_eq!(merge(file, "[A]\nk=1\n", Lines::End, ours, &[]), after);
        }
    }
}
