//! What a script names: it is run only if all of that is there.

/// Functions of the libraries that are there. Of those for numbers, the others give other digits
/// from one system to the next, or other numbers each time; `utf8.charpattern` has a byte of zero.
const KNOWN: [(&str, &[&str]); 8] = [
    (
        "posix",
        &[
            "access", "chmod", "chown", "dir", "files", "getcwd", "link", "mkdir", "mkfifo",
            "readlink", "rmdir", "stat", "symlink", "unlink",
        ],
    ),
    ("rpm", &["next_file"]),
    ("os", &["remove", "rename"]),
    ("io", &["lines", "open", "stderr", "stdout"]),
    ("string", &STRING),
    (
        "table",
        &[
            "concat", "insert", "move", "pack", "remove", "sort", "unpack",
        ],
    ),
    (
        "math",
        &[
            "abs",
            "ceil",
            "floor",
            "fmod",
            "huge",
            "max",
            "maxinteger",
            "min",
            "mininteger",
            "modf",
            "sqrt",
            "tointeger",
            "type",
            "ult",
        ],
    ),
    ("utf8", &["char", "codepoint", "codes", "len", "offset"]),
];

/// Functions for texts.
const STRING: [&str; 13] = [
    "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse",
    "sub", "upper",
];

/// What else can be called by a colon: the methods of files.
const METHODS: [&str; 7] = [
    "close", "flush", "lines", "read", "seek", "setvbuf", "write",
];

/// What lets a script do more than can be seen in its text, or go on after it was stopped, and
/// what rpm has and is not here.
const REFUSED: [&str; 22] = [
    "_ENV",
    "_G",
    "bit32",
    "collectgarbage",
    "coroutine",
    "debug",
    "dofile",
    "getmetatable",
    "goto",
    "load",
    "loadfile",
    "loadstring",
    "macros",
    "next",
    "package",
    "pcall",
    "rawset",
    "require",
    "rex",
    "setmetatable",
    "unpack",
    "xpcall",
];

/// Returns whether a script uses nothing else.
pub(super) fn are_known(text: &str) -> bool {
    let Some(code) = code(text) else {
        return false;
    };
    let mut words = words(&code).peekable();
    let mut before = "";
    while let Some(word) = words.next() {
        let last = std::mem::replace(&mut before, word);
        if last == ":" && !STRING.contains(&word) && !METHODS.contains(&word) {
            return false;
        }
        // A field, or a method, of something of the script's own.
        if matches!(last, "." | ":") {
            continue;
        }
        if REFUSED.contains(&word) {
            return false;
        }
        let Some((_, names)) = KNOWN.iter().find(|(library, _)| *library == word) else {
            continue;
        };
        let is_called = words.next() == Some(".");
        let name = words.next().unwrap_or_default();
        if !is_called || !names.contains(&name) {
            return false;
        }
        before = name;
    }
    true
}

/// Returns a script without its comments and texts; nothing if one of them does not end, or has a
/// byte of zero.
fn code(text: &str) -> Option<String> {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = if let Some(comment) = rest.strip_prefix("--") {
            code.push(' ');
            match long(comment) {
                Some(end) => end?,
                None => comment.find('\n').map_or("", |end| &comment[end..]),
            }
        } else if let Some(end) = long(rest) {
            code.push_str("\"\"");
            end?
        } else if matches!(first, '"' | '\'') {
            code.push_str("\"\"");
            quoted(after, first)?
        } else {
            code.push(first);
            after
        };
    }
    Some(code)
}

/// Reads a text between long brackets, as in `[==[ text ]==]`: what follows it, if it ends, and
/// nothing if there is none.
fn long(text: &str) -> Option<Option<&str>> {
    let after = text.strip_prefix('[')?;
    let level = after.len() - after.trim_start_matches('=').len();
    let inner = after[level..].strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    Some(inner.split_once(&end).map(|(_, rest)| rest))
}

fn quoted(text: &str, quote: char) -> Option<&str> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if is_zero(&text[at + 1..]) => return None,
            '\\' => drop(chars.next()?),
            c if c == quote => return Some(&text[at + c.len_utf8()..]),
            _ => {}
        }
    }
    None
}

/// Returns whether what follows a backslash is a byte of zero: texts with many of them take Lua so
/// long to compare that no count can tell.
fn is_zero(text: &str) -> bool {
    let digits = match text.strip_prefix('x') {
        Some(digits) => digits.get(..2).unwrap_or_default(),
        None => match text.strip_prefix("u{") {
            Some(rest) => rest.split('}').next().unwrap_or_default(),
            None => &text[..text.bytes().take(3).take_while(u8::is_ascii_digit).count()],
        },
    };
    !digits.is_empty() && digits.bytes().all(|digit| digit == b'0')
}

/// Returns the names in code, and what is between them, one character at a time.
fn words(code: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = code;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end = match is_part(first) {
            true => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
            // Two dots join texts.
            false if rest.starts_with("..") => 2,
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scripts_name() {
        for (text, want) in [
            ("", true),
            ("posix.mkdir('/a')", true),
            ("posix . mkdir('/a')", true),
            ("local stat = posix.stat", true),
            ("posix.exec('/bin/sh')", false),
            ("posix['exec']('/bin/sh')", false),
            ("local p = posix", false),
            ("-- posix.exec\nposix.unlink('/a')", true),
            ("--[[ posix\n]] posix.unlink('posix.exec')", true),
            ("x = [==[ posix ]] ]==] posix.fork()", false),
            ("x = '--' posix.fork()", false),
            ("x = '\\'' posix.fork()", false),
            ("x = 'a", false),
            ("--[[ a", false),
            ("rpm.execute('a')", false),
            ("f = rpm.next_file()", true),
            ("os.execute('a')", false),
            ("os.remove('a')", true),
            ("io.popen('a')", false),
            ("f = io.open('a') f:read('*a') f.os = 1", true),
            ("a..os.time()", false),
            ("require 'posix'", false),
            ("load('x')()", false),
            ("t.load = 1", true),
            ("_G.posix = nil", false),
            ("pcall(f)", false),
            ("math.floor(1.5)", true),
            ("math.random()", false),
            ("x = math['random']", false),
            ("local s = string s.dump(f)", false),
            ("x = ('a'):rep(3)", true),
            ("x = ('a'):dump()", false),
            ("f:seek('set')", true),
            ("rex.new('a')", false),
            ("x = 'a\\0'", false),
            ("x = 'a\\000'", false),
            ("x = \"\\x00\"", false),
            ("x = '\\u{000}'", false),
            ("x = '\\010\\100\\x01\\x10\\u{10}\\\\0 0\\z'", true),
        ] {
            assert_eq!(are_known(text), want, "{text}");
        }
    }
}
