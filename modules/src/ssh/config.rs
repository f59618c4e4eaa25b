//! The text of sshd_config(5).

/// A keyword and its lines.
pub(super) type Lines = Vec<(String, Vec<String>)>;

/// Returns whether the file includes all of a folder, before any `Match`.
pub(super) fn includes(file: &[u8], folder: &str) -> bool {
    let wanted = format!("{folder}*.conf");
    let lines = file.split(|b| *b == b'\n');
    let lines = lines.take_while(|line| keyword(line).as_deref() != Some("match"));
    let mut includes = lines.filter(|line| keyword(line).as_deref() == Some("include"));
    includes.any(|line| {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_whitespace().skip(1);
        words.any(|word| word.trim_matches('"') == wanted)
    })
}

/// Returns the lines before the first one that includes other files.
pub(super) fn before_include(file: &[u8]) -> Vec<u8> {
    let lines = file.split_inclusive(|b| *b == b'\n');
    let before = lines.take_while(|line| keyword(line).as_deref() != Some("include"));
    before.flatten().copied().collect()
}

/// Returns those of the keywords that a file sets to something else, outside of a `Match`.
pub(super) fn set_in<'l>(file: &[u8], settings: &'l Lines) -> Vec<&'l str> {
    let names = settings.iter().filter(|(name, values)| {
        let lines = file.split(|b| *b == b'\n');
        let lines = lines.take_while(|line| keyword(line).as_deref() != Some("match"));
        let lower = name.to_ascii_lowercase();
        let mut of = lines.filter(|line| keyword(line).as_deref() == Some(&*lower));
        of.any(|line| !values.contains(&argument(line)))
    });
    names.map(|(name, _)| &**name).collect()
}

/// Returns the file with its keywords set: the lines of each are replaced where the first of them
/// is, or come before the first `Match`. Lines in a `Match` stay, and so do comments.
pub(super) fn set(file: &[u8], settings: &Lines) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = file
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.push(b'\n');
    }
    for (name, values) in settings {
        let end = lines
            .iter()
            .position(|line| keyword(line).as_deref() == Some("match"));
        let end = end.unwrap_or(lines.len());
        let lower = name.to_ascii_lowercase();
        let is_of = |line: &Vec<u8>| keyword(line).as_deref() == Some(&*lower);
        let old: Vec<usize> = (0..end).filter(|at| is_of(&lines[*at])).collect();
        let said: Vec<String> = old.iter().map(|at| argument(&lines[*at])).collect();
        if said == *values {
            continue;
        }
        let at = old.first().copied().unwrap_or(end);
        for at in old.into_iter().rev() {
            lines.remove(at);
        }
        let new = values
            .iter()
            .map(|value| format!("{name} {value}\n").into_bytes());
        lines.splice(at..at, new);
    }
    lines.concat()
}

/// Returns the keyword of a line in small letters; nothing for comments and empty lines.
fn keyword(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(|b| b.is_ascii_whitespace() || *b == b'=');
    let word = &line[..end.unwrap_or(line.len())];
    let is_word = !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric);
    is_word.then(|| String::from_utf8_lossy(word).to_ascii_lowercase())
}

/// Returns what follows the keyword, without a comment.
fn argument(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    let rest = rest.split(" #").next().unwrap_or(rest);
    rest.trim_matches(|c: char| c.is_whitespace() || c == '=')
        .to_owned()
}
