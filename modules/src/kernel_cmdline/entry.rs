//! Files with a line for the command line: kernel-install's, those of systemd-boot, and extlinux's.

use super::change::{Change, Part};

/// A line of a text: where it starts, and what it is without its end.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line.trim_ascii_end()))
    })
}

/// Returns what follows the first words of a line; nothing if it starts with none of these, in any
/// case, or has fewer words.
fn behind(start: usize, line: &str, keys: &[&str], words: usize, text: &str) -> Option<Part> {
    let mut place = start..start;
    for at in 0..words {
        let rest = &text[place.end..start + line.len()];
        let word = rest.trim_ascii_start();
        let from = start + line.len() - word.len();
        let len = word.find(|c: char| c.is_ascii_whitespace());
        place = from..from + len.unwrap_or(word.len());
        let is_key = |key: &&str| key.eq_ignore_ascii_case(&text[place.clone()]);
        if place.is_empty() || at == 0 && !keys.iter().any(is_key) {
            return None;
        }
    }
    Some(Part::read(text, place.end..start + line.len()))
}

/// Changes a file that is one command line, of all its lines but comments.
pub(super) fn whole(text: &str, change: &Change) -> String {
    let is_part = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let parts = lines(text).filter(|(_, line)| is_part(line));
    let parts = parts.map(|(at, line)| Part::read(text, at..at + line.len()));
    let parts: Vec<Part> = parts.collect();
    if !parts.is_empty() || change.add.is_empty() {
        return change.apply(text, &parts, true);
    }
    with_line(text, &change.add.join(" "))
}

/// Returns a text with one more line.
fn with_line(text: &str, line: &str) -> String {
    let is_open = !text.is_empty() && !text.ends_with('\n');
    format!("{text}{}{line}\n", if is_open { "\n" } else { "" })
}

/// Changes an entry of systemd-boot or of Fedora's GRUB, whose lines of options are one command
/// line. One that has none gets them if it is for a kernel; else nothing comes of it.
pub(super) fn boot_loader(text: &str, change: &Change, add: bool) -> Option<String> {
    let parts = lines(text).filter_map(|(at, line)| behind(at, line, &["options"], 1, text));
    let parts: Vec<Part> = parts.collect();
    let is_linux = lines(text).any(|(at, line)| behind(at, line, &["linux"], 1, text).is_some());
    if parts.is_empty() && is_linux && add && !change.add.is_empty() {
        let options = format!("options {}", change.add.join(" "));
        return Some(with_line(text, &options));
    }
    (is_linux || !parts.is_empty()).then(|| change.apply(text, &parts, add))
}

/// Returns whether an entry has what the environment of GRUB holds.
pub(super) fn has_environment(text: &str) -> bool {
    let parts = lines(text).filter_map(|(at, line)| behind(at, line, &["options"], 1, text));
    let mut words = parts.flat_map(|part| part.words);
    words.any(|word| matches!(&*word.value, "$kernelopts" | "${kernelopts}"))
}

/// Changes the environment of GRUB, a block whose size stays; nothing if it has no parameters, or
/// not enough room.
pub(super) fn environment(text: &str, change: &Change) -> Option<String> {
    let body = text.trim_end_matches('#');
    let line = lines(body).find(|(_, line)| line.starts_with("kernelopts="));
    let (at, line) = line.filter(|(_, line)| !line.contains('\\'))?;
    let value = at + "kernelopts=".len()..at + line.len();
    let new = change.of(&body[value.clone()], true);
    let new = format!("{}{new}{}", &body[..value.start], &body[value.end..]);
    let rest = text.len().checked_sub(new.len())?;
    Some(new + &"#".repeat(rest))
}

/// Changes an extlinux.conf. A label without a line of its own has that of the file, or gets one;
/// what COM32 modules have is not for a kernel. Nothing comes of a file without a kernel.
pub(super) fn extlinux(text: &str, change: &Change) -> Option<String> {
    let starts = lines(text).filter(|(at, line)| behind(*at, line, &["label"], 1, text).is_some());
    let mut starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    starts.push(text.len());
    let head = &text[..starts[0]];
    let has_default = lines(head).any(|(at, line)| append(at, line, head).is_some());
    let mut kernels = lines(text).filter_map(|(at, line)| kernel(at, line, text));
    let has_kernel = kernels.any(|rest| !is_com32(text, &rest));
    let mut out = label(head, change, true);
    for range in starts.windows(2) {
        out += &label(&text[range[0]..range[1]], change, has_default);
    }
    (has_kernel || has_default).then_some(out)
}

fn append(at: usize, line: &str, text: &str) -> Option<Part> {
    behind(at, line, &["append"], 1, text)
}

/// Returns what follows the file that a label starts.
fn kernel(at: usize, line: &str, text: &str) -> Option<Part> {
    behind(at, line, &["linux", "kernel", "com32"], 2, text)
}

fn is_com32(text: &str, rest: &Part) -> bool {
    text[..rest.place.start]
        .to_ascii_lowercase()
        .ends_with(".c32")
}

/// Changes the lines of a label, or those before the first.
fn label(text: &str, change: &Change, has_default: bool) -> String {
    let mut parts: Vec<Part> = lines(text)
        .filter_map(|(at, line)| append(at, line, text))
        .collect();
    let mut kernels =
        lines(text).filter_map(|(at, line)| Some((at, line, kernel(at, line, text)?)));
    let Some((at, line, rest)) = kernels.next() else {
        return change.apply(text, &parts, true);
    };
    if is_com32(text, &rest) {
        return text.to_owned();
    }
    let has_own = !parts.is_empty();
    if !rest.words.is_empty() {
        parts.insert(0, rest);
    }
    if !parts.is_empty() || has_default || change.add.is_empty() {
        return change.apply(text, &parts, has_own || !has_default);
    }
    let end = at + line.len();
    let indent = &line[..line.len() - line.trim_ascii_start().len()];
    let is_small = line
        .trim_ascii_start()
        .starts_with(|c: char| c.is_ascii_lowercase());
    let key = if is_small { "append" } else { "APPEND" };
    let words = change.add.join(" ");
    format!("{}\n{indent}{key} {words}{}", &text[..end], &text[end..])
}
