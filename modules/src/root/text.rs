//! Files as texts: lines, and parts that are replaced.

use regex::bytes::Regex;

use super::{Root, RootError};

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
    /// Fails as [`Root::read`] does.
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
        let mut whole = Vec::with_capacity(bytes.len());
        while at < bytes.len() {
            if bytes[at..].starts_with(old) && count.is_none_or(|count| done < count) {
                whole.extend_from_slice(new);
                at += old.len();
                done += 1;
            } else {
                whole.push(bytes[at]);
                at += 1;
            }
        }
        if done > 0 {
            self.write(path, whole)?;
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
    /// Fails as [`Root::read`] does, on a wrong expression, and on a text of several lines.
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
        let mut lines: Vec<(&[u8], &[u8])> =
            before.split_inclusive(|b| *b == b'\n').map(cut).collect();
        let mut found = false;
        for (text, _) in &mut lines {
            if pattern.is_match(text) {
                (*text, found) = (line, true);
            }
        }
        if !found && lines.iter().all(|(text, _)| *text != line) {
            let after = insert_after
                .and_then(|after| lines.iter().rposition(|(text, _)| after.is_match(text)));
            let at = after.map_or(lines.len(), |place| place + 1);
            if let Some((_, end)) = at.checked_sub(1).map(|above| &mut lines[above])
                && end.is_empty()
            {
                *end = b"\n";
            }
            lines.insert(at, (line, b"\n"));
        }
        let after: Vec<u8> = lines
            .into_iter()
            .flat_map(|(text, end)| [text, end])
            .flatten()
            .copied()
            .collect();
        let changed = after != before;
        self.write(path, after)?;
        Ok(changed)
    }

    /// Cuts a file, or fills it up with zero bytes, which take no room in the image.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no regular file.
    pub fn truncate(&mut self, path: impl AsRef<[u8]>, size: u64) -> Result<(), RootError> {
        let path = path.as_ref();
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
