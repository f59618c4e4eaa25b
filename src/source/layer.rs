//! How a source is laid into the tree: where, which part of it, and whose.

use super::filter::Filter;
use super::name::split;
use super::owners::Owners;

/// What lies below a layer, and how names that start with `.wh.` are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stacking {
    /// Nothing: all names are names. A member that would replace a directory with something in it
    /// is a mistake, as it is for tar.
    #[default]
    Alone,
    /// What other sources have. It is replaced, and `.wh.` takes away.
    Over,
    /// The same, for the layers of one image: their root is the image's root.
    Image,
}

/// What a recipe says about one source, beside what it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// The directory that it is laid into; empty for the root.
    pub(super) at: Vec<u8>,
    /// How many names are taken off the front of each path.
    pub(super) strip: usize,
    /// Which paths are wanted.
    pub(super) filter: Filter,
    /// Whose the files are.
    pub(super) owners: Owners,
    /// What is below.
    pub(super) stacking: Stacking,
}

impl Layer {
    /// Returns what `strip` leaves of a path; nothing when the path is not that deep.
    pub(super) fn stripped<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let mut rest = path;
        for _ in 0..self.strip {
            let start = rest.iter().position(|b| *b != b'/')?;
            rest = &rest[start..];
            while let Some(after) = rest.strip_prefix(b"./") {
                rest = after;
            }
            // Something has to be there to be taken off.
            split(rest)?;
            let slash = rest.iter().position(|b| *b == b'/');
            rest = slash.map_or(&[], |slash| &rest[slash + 1..]);
        }
        Some(if rest.is_empty() { b"." } else { rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_off_the_front() {
        for (strip, path, want) in [
            (0, "a/b", Some("a/b")),
            (0, "./", Some("./")),
            (1, "a/b", Some("b")),
            (1, "./a/b", Some("b")),
            (1, "/a//b/", Some("/b/")),
            (1, "././a", Some(".")),
            (1, "a/", Some(".")),
            (1, "./", None),
            (1, ".", None),
            (2, "a/b/c", Some("c")),
            (2, "a/./b/c", Some("c")),
            (2, "a", None),
        ] {
            let layer = Layer {
                strip,
                ..Layer::default()
            };
            let got = layer.stripped(path.as_bytes());
            assert_eq!(got, want.map(str::as_bytes), "{strip} {path}");
        }
    }
}
