//! Files as texts: lines, and parts that are replaced.

use fsgen::tree::content::Content;

use super::{Root, RootError};

impl Root<'_> {
    /// Returns the lines of a file without their line ends, `\n` or `\r\n`.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does.
    pub fn lines(&self, path: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, RootError> {
        let bytes = self.read(path)?;
        let lines = bytes.split_inclusive(|b| *b == b'\n').map(|line| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            line.strip_suffix(b"\r").unwrap_or(line).to_vec()
        });
        Ok(lines.collect())
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

    /// Cuts a file, or fills it up with zero bytes.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does, and on a size of more than 64 MiB.
    pub fn truncate(&mut self, path: impl AsRef<[u8]>, size: u64) -> Result<(), RootError> {
        let path = path.as_ref();
        let id = self.resolve(path)?;
        let too_large = |len| RootError::TooLarge {
            path: path.to_vec(),
            len,
            limit: super::READ_LIMIT,
        };
        let content = self.content(path, id)?;
        if content.len() == size {
            return Ok(());
        }
        let mut bytes = if size == 0 {
            Vec::new()
        } else {
            self.read(path)?
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|len| *len as u64 <= super::READ_LIMIT)
            .ok_or_else(|| too_large(size))?;
        bytes.resize(size, 0);
        self.tree.set_content(id, Content::bytes(bytes));
        self.touch(id);
        Ok(())
    }
}
