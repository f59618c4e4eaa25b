//! Files as texts: lines, and parts that are replaced.

use memchr::memmem;
use regex::bytes::Regex;

use super::{READ_LIMIT, Root, RootError};

impl Root<'_> {
    /// Returns the lines of a file without their line ends, `\n` or `\r\n`.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does.
    pub fn lines(&self, path: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, RootError> {
        let bytes = self.read(path)?;
        let lines = bytes.split_inclusive(|b| *b == b'\n');
        Ok(lines.map(|line| cut(line).0.to_vec()).collect())
    }

    /// Replaces a text in a file by another, at most `count` times from the start, and returns how
    /// many times it did. An empty text is nowhere.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does, and when the file would become larger than what can be read.
    pub fn replace(
        &mut self,
        path: impl AsRef<[u8]>,
        old: impl AsRef<[u8]>,
        new: impl AsRef<[u8]>,
        count: Option<usize>,
    ) -> Result<usize, RootError> {
        let (path, old, new) = (path.as_ref(), old.as_ref(), new.as_ref());
        let bytes = self.read(path)?;
        if old.is_empty() {
            return Ok(0);
        }
        let (mut done, mut at) = (0, 0);
        let mut whole = Whole::of(path);
        for found in memmem::find_iter(&bytes, old).take(count.unwrap_or(usize::MAX)) {
            whole.add(&bytes[at..found])?;
            whole.add(new)?;
            at = found + old.len();
            done += 1;
        }
        if done > 0 {
            whole.add(&bytes[at..])?;
            self.write(path, whole.bytes)?;
        }
        Ok(done)
    }

    /// Replaces the lines that a regular expression finds by one line of text; returns whether the
    /// file changed.
    ///
    /// When there is none, and the text is no line of the file yet, it is added: after the last
    /// line that `insert_after` finds, or else at the end. The expressions see lines without their
    /// ends; the text stands for itself, `$1` too.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does, when the file would become larger than what can be read, on a
    /// wrong expression, and on a text of several lines.
    pub fn edit_line(
        &mut self,
        path: impl AsRef<[u8]>,
        pattern: &str,
        line: impl AsRef<[u8]>,
        insert_after: Option<&str>,
    ) -> Result<bool, RootError> {
        let (path, line) = (path.as_ref(), line.as_ref());
        if line.contains(&b'\n') {
            return Err(RootError::ManyLines {
                path: path.to_vec(),
            });
        }
        let pattern = expression(pattern)?;
        let insert_after = insert_after.map(expression).transpose()?;
        let before = self.read(path)?;
        let lines = || before.split_inclusive(|b| *b == b'\n').map(cut);
        let mut whole = Whole::of(path);
        if lines().any(|(text, _)| pattern.is_match(text)) {
            for (text, end) in lines() {
                whole.add(if pattern.is_match(text) { line } else { text })?;
                whole.add(end)?;
            }
        } else if lines().any(|(text, _)| text == line) {
            return Ok(false);
        } else {
            let (mut end, mut place) = (0, None);
            for (text, line_end) in lines() {
                end += text.len() + line_end.len();
                if insert_after
                    .as_ref()
                    .is_some_and(|after| after.is_match(text))
                {
                    place = Some(end);
                }
            }
            let (above, below) = before.split_at(place.unwrap_or(end));
            whole.add(above)?;
            if !above.is_empty() && !above.ends_with(b"\n") {
                whole.add(b"\n")?;
            }
            whole.add(line)?;
            whole.add(b"\n")?;
            whole.add(below)?;
        }
        let changed = whole.bytes != before;
        if changed {
            self.write(path, whole.bytes)?;
        }
        Ok(changed)
    }

    /// Cuts a file, or fills it up with zero bytes, which take no room in the image.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no regular file.
    pub fn truncate(&mut self, path: impl AsRef<[u8]>, size: u64) -> Result<(), RootError> {
        let path = path.as_ref();
        self.check_unmasked(path)?;
        let id = self.resolve(path)?;
        let content = self.content(path, id)?;
        if content.len() == size {
            return Ok(());
        }
        self.tree.set_content(id, content.resized(size));
        self.touch(id);
        Ok(())
    }
}

/// What an edited file will hold, which is as much as can be read again.
struct Whole<'p> {
    path: &'p [u8],
    bytes: Vec<u8>,
}

impl<'p> Whole<'p> {
    fn of(path: &'p [u8]) -> Self {
        let bytes = Vec::new();
        Self { path, bytes }
    }

    fn add(&mut self, part: &[u8]) -> Result<(), RootError> {
        if (self.bytes.len() + part.len()) as u64 > READ_LIMIT {
            return Err(RootError::Grown {
                path: self.path.to_vec(),
                limit: READ_LIMIT,
            });
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }
}

/// Cuts a line before its end, `\n` or `\r\n`.
fn cut(line: &[u8]) -> (&[u8], &[u8]) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = match text.strip_suffix(b"\r") {
        Some(text) if text.len() + 2 == line.len() => text,
        _ => text,
    };
    line.split_at(text.len())
}

fn expression(text: &str) -> Result<Regex, RootError> {
    Regex::new(text).map_err(|error| {
        // The crate draws the expression over several lines; the last one says what is wrong.
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default();
        RootError::Expression {
            text: text.to_owned(),
            why: why.trim_start_matches("error: ").to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    fn root_with(content: &[u8], test: impl FnOnce(&mut Root<'_>)) {
        let (mut tree, host) = (image(&[]), Files([].into()));
        let mut root = Root::new(&mut tree, &host, NOW);
        root.write("/file", content).unwrap();
        test(&mut root);
    }

    #[test]
    fn parts_are_replaced() {
        for (content, old, new, count, want, times) in [
            ("aXbXc", "X", "--", None, "a--b--c", 2),
            ("aXbXc", "X", "", Some(1), "abXc", 1),
            ("aaa", "aa", "b", None, "ba", 1),
            ("abc", "abc", "abcabc", None, "abcabc", 1),
            ("abc", "", "x", None, "abc", 0),
            ("abc", "d", "x", None, "abc", 0),
            ("aXb", "X", "--", Some(0), "aXb", 0),
        ] {
            root_with(content.as_bytes(), |root| {
                assert_eq!(root.replace("/file", old, new, count).unwrap(), times);
                assert_eq!(root.read("/file").unwrap(), want.as_bytes(), "{content}");
            });
        }
    }

    #[test]
    fn lines_are_edited() {
        for (content, pattern, after, want) in [
            ("a\nb\nc\n", "^b", None, "a\nnew\nc\n"),
            ("a\r\nb\r\nb", "^b$", None, "a\r\nnew\r\nnew"),
            ("a\nnew\n", "^x", None, "a\nnew\n"),
            ("a\nnew", "^x", None, "a\nnew"),
            ("a\nb", "^x", None, "a\nb\nnew\n"),
            ("", "^x", None, "new\n"),
            ("a\nb\na\nc\n", "^x", Some("^a"), "a\nb\na\nnew\nc\n"),
            ("c\na", "^x", Some("^a"), "c\na\nnew\n"),
            ("c\n", "^x", Some("^a"), "c\nnew\n"),
        ] {
            root_with(content.as_bytes(), |root| {
                let changed = root.edit_line("/file", pattern, "new", after).unwrap();
                assert_eq!(root.read("/file").unwrap(), want.as_bytes(), "{content:?}");
                assert_eq!(changed, content != want, "{content:?}");
            });
        }
    }

    #[test]
    fn files_grow_to_what_can_be_read() {
        let half = vec![b'b'; 32 << 20];
        let want = "/file would have more than 67108864 bytes, the most that can be read";
        root_with(b"aa", |root| {
            assert_eq!(root.replace("/file", "a", &half, None).unwrap(), 2);
        });
        root_with(b"aa.", |root| {
            let refused = root.replace("/file", "a", &half, None).unwrap_err();
            assert_eq!(refused.to_string(), want);
            assert_eq!(root.read("/file").unwrap(), b"aa.");
        });
        root_with(b"a\na\n", |root| {
            let refused = root.edit_line("/file", "a", &half, None).unwrap_err();
            assert_eq!(refused.to_string(), want);
        });
    }
}
