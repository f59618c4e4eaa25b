//! The lines of sudoers in the order in which sudo reads them, with those of files that others
//! include.

use crate::root::{Root, RootError, show};

/// How deep sudo lets files include others.
const DEPTH: usize = 128;

/// What sudo takes for blanks.
const BLANKS: [char; 2] = [' ', '\t'];

/// How many files are read: those that include each other all could be read for ever.
const MOST: usize = 1_000;

/// A line with those that continue it, neither empty nor a comment.
pub(super) struct Line {
    /// The file that it is in.
    pub(super) file: String,
    /// That of its first line, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// What one line includes.
pub(super) struct Included {
    pub(super) path: String,
    pub(super) is_folder: bool,
    /// Whether the line names the path as seen from the file that it is in.
    pub(super) is_relative: bool,
}

/// What sudo reads.
struct Reader<'r, 't> {
    root: &'r Root<'t>,
    lines: Vec<Line>,
    folders: Vec<String>,
    /// How many more files are read.
    files: usize,
}

/// Returns all lines; none where the image has no sudoers.
pub(super) fn all(root: &Root<'_>) -> Result<Vec<Line>, RootError> {
    Ok(read(root)?.lines)
}

/// Returns whether sudo reads a folder, whichever file includes it.
pub(super) fn include_folder(root: &Root<'_>, folder: &str) -> Result<bool, RootError> {
    Ok(read(root)?.folders.contains(&real(root, folder)))
}

/// Returns the path of a folder without links and without what says nothing.
pub(super) fn real(root: &Root<'_>, folder: &str) -> String {
    match root.real_folder(folder) {
        Ok(real) => show(&real),
        Err(_) => plain(folder),
    }
}

fn read<'r, 't>(root: &'r Root<'t>) -> Result<Reader<'r, 't>, RootError> {
    let main = ["/etc/sudoers", "/usr/etc/sudoers"];
    let mut reader = Reader {
        root,
        lines: Vec::new(),
        folders: Vec::new(),
        files: MOST,
    };
    if let Some(main) = main.into_iter().find(|path| root.is_file(path)) {
        reader.add(main.as_bytes(), 0)?;
    }
    Ok(reader)
}

impl Reader<'_, '_> {
    fn add(&mut self, path: &[u8], depth: usize) -> Result<(), RootError> {
        let left = self.files.checked_sub(1).filter(|_| depth <= DEPTH);
        let Some(left) = left else {
            return Ok(());
        };
        self.files = left;
        let file = show(path).to_string();
        for logical in logical(&self.root.read(path)?) {
            let Some(included) = included(&logical.text, path) else {
                if !is_empty(&logical.text) {
                    self.lines.push(Line {
                        file: file.clone(),
                        number: logical.number,
                        text: logical.text,
                    });
                }
                continue;
            };
            if !included.is_folder {
                if self.root.is_file(&included.path) {
                    self.add(included.path.as_bytes(), depth + 1)?;
                }
                continue;
            }
            let folder = real(self.root, &included.path);
            for path in self.root.glob(format!("{folder}/*")) {
                let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
                if self.root.is_file(&path) && !name.contains(&b'.') && !name.ends_with(b"~") {
                    self.add(&path, depth + 1)?;
                }
            }
            self.folders.push(folder);
        }
        Ok(())
    }
}

/// Returns what a line includes. The name of the machine, `%h`, is not known.
pub(super) fn included(line: &str, file: &[u8]) -> Option<Included> {
    // Behind a blank, `#` begins a comment.
    let bare = line.trim_start_matches(BLANKS).strip_prefix('@');
    let behind = bare.or(line.strip_prefix('#'))?.strip_prefix("include")?;
    let (is_folder, rest) = match behind.strip_prefix("dir") {
        Some(rest) => (true, rest),
        None => (false, behind),
    };
    let is_quote = bare.is_some() && rest.starts_with('"');
    if !is_quote && !rest.starts_with(BLANKS) {
        return None;
    }
    let path = path(rest.trim_start_matches(BLANKS));
    let mut included = Included {
        is_relative: !path.starts_with('/'),
        path,
        is_folder,
    };
    if included.is_relative {
        let file = String::from_utf8_lossy(file);
        let (folder, _) = file.rsplit_once('/')?;
        included.path = format!("{folder}/{}", included.path);
    }
    Some(included)
}

/// Reads a path up to its quote, before which alone a backslash counts there; or up to a blank, with
/// backslashes before any letters. One at the end is a part of the path.
fn path(line: &str) -> String {
    let is_quoted = line.starts_with('"');
    let mut letters = line.chars().skip(usize::from(is_quoted)).peekable();
    let mut path = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if !is_quoted || letters.peek() == Some(&'"') => {
                path.push(letters.next().unwrap_or(letter));
            }
            '"' if is_quoted => break,
            ' ' | '\t' if !is_quoted => break,
            _ => path.push(letter),
        }
    }
    path
}

/// Returns where the path begins in a line that includes something: behind a word, blanks and the ends
/// of lines that go on, and a quote.
pub(super) fn path_start(line: &[u8]) -> usize {
    let blanks = |from: usize| {
        let rest = line[from..].iter();
        from + rest.take_while(|b| b" \t\r".contains(b)).count()
    };
    let word = line[blanks(0)..].iter();
    let word = word.take_while(|b| !b" \t\r\\\"".contains(b)).count();
    let mut at = blanks(blanks(0) + word);
    while line.get(at) == Some(&b'\\') && line.get(blanks(at + 1)) == Some(&b'\n') {
        at = blanks(blanks(at + 1) + 1);
    }
    at + usize::from(line.get(at) == Some(&b'"'))
}

/// Returns a path without what says nothing: `.` and doubled or trailing slashes.
fn plain(path: &str) -> String {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    names.fold(String::new(), |path, name| path + "/" + name)
}

/// A line with those that continue it.
pub(super) struct Logical {
    /// That of the first line, from 1.
    number: usize,
    /// The lines as they are in the file.
    pub(super) raw: Vec<u8>,
    /// The lines as one.
    pub(super) text: String,
    /// Whether the next line is a part of it.
    pub(super) is_open: bool,
}

/// Where in a line a letter is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// At the start, or behind a sign and blanks.
    Sign,
    /// In double quotes, which open there alone.
    Quotes,
    /// In the word that begins there.
    Word,
    /// Behind that word.
    Rest,
    /// In a command that begins there.
    Command,
    /// In its arguments.
    Arguments,
}

impl At {
    fn behind(self) -> Self {
        match self {
            At::Word => At::Rest,
            At::Command => At::Arguments,
            now => now,
        }
    }
}

/// Returns the lines of a file, with a blank between those that are one.
pub(super) fn logical(file: &[u8]) -> Vec<Logical> {
    let mut lines: Vec<Logical> = Vec::new();
    let mut at = At::Sign;
    for (index, raw) in file.split_inclusive(|b| *b == b'\n').enumerate() {
        let line = String::from_utf8_lossy(raw);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(open) = lines.last_mut().filter(|line| line.is_open) {
            let more = continued(line, &mut at);
            open.raw.extend_from_slice(raw);
            open.text.push(' ');
            open.text += more.unwrap_or(line);
            open.is_open = more.is_some();
            continue;
        }
        at = At::Sign;
        let more = continued(line, &mut at);
        lines.push(Logical {
            number: index + 1,
            raw: raw.to_vec(),
            text: more.unwrap_or(line).to_owned(),
            is_open: more.is_some(),
        });
    }
    lines
}

/// Returns a line without the backslash that makes it go on in the next one. Blanks may follow it;
/// in a comment, it is like any other letter.
fn continued<'l>(line: &'l str, at: &mut At) -> Option<&'l str> {
    let is_include = included(line, b"/").is_some();
    // The sign of one that includes something begins no comment.
    let mut letters = line.char_indices().skip(usize::from(is_include));
    while let Some((place, letter)) = letters.next() {
        let rest = &line[place + letter.len_utf8()..];
        let is_last = || rest.trim_matches([' ', '\t']).is_empty();
        *at = match (letter, *at) {
            // There, it makes the blank a part of the word.
            ('\\', At::Word | At::Command) if !rest.is_empty() && is_last() => return None,
            ('\\', _) if is_include && is_last() && ends_path(&line[..place]) => return None,
            ('\\', now) if is_last() => {
                *at = now.behind();
                return Some(&line[..place]);
            }
            ('"', At::Quotes) => At::Word,
            ('"', At::Sign) => At::Quotes,
            ('\\', At::Quotes) => {
                letters.next();
                At::Quotes
            }
            (_, At::Quotes) => At::Quotes,
            ('#', _) if !is_number(rest) => return None,
            (' ' | '\t', now) => now.behind(),
            (',' | ':', _) | ('=' | '(' | ')' | '!', At::Word | At::Rest) => At::Sign,
            ('\\', now) => {
                letters.next();
                if now == At::Sign { At::Word } else { now }
            }
            ('=' | '(' | ')' | '!', At::Sign) => At::Sign,
            ('/' | '^', At::Sign) => At::Command,
            (_, At::Sign) => At::Word,
            (_, now) => now,
        };
    }
    None
}

/// Returns whether a path without quotes goes up to the end of a line that includes something.
fn ends_path(line: &str) -> bool {
    let path = line.rsplit(BLANKS).next();
    path.is_some_and(|path| !path.is_empty() && !path.contains('"'))
}

fn is_empty(line: &str) -> bool {
    let is_comment = match line.trim().strip_prefix('#') {
        Some(rest) => !is_number(rest) && included(line, b"/").is_none(),
        None => false,
    };
    line.trim().is_empty() || is_comment
}

/// Returns whether what follows a `#` makes it a user by number.
fn is_number(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    digits.starts_with(|c: char| c.is_ascii_digit())
}
