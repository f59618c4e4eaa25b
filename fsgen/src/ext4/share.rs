//! Lets the output have the contents of large files without a copy, where it can.

use std::borrow::Cow;

use super::layout::{Item, What};
use super::lo32;
use super::render::Renderer;
use super::write::cut;
use crate::region::{Region, WriteAt as _};
use crate::tree::content::From;

/// What an output is asked to share of a file at least, in bytes: less is as fast to copy.
pub const LARGE: u64 = 64 << 10;

/// Lets the output have what it can without a copy, and returns what is left to be written.
pub(super) fn share<'l>(
    renderer: &Renderer<'_>,
    items: &'l [Item],
    region: Region<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Cow<'l, [Item]> {
    let mut left = Cow::Borrowed(items);
    // What stays is moved over what is shared.
    let mut kept = 0;
    for (at, item) in items.iter().enumerate() {
        let rest = match share_one(item, renderer, region) {
            Some(blocks) => {
                progress(u64::from(blocks) * renderer.block_size().bytes64());
                cut(item, blocks)
            }
            None if kept == at => {
                kept += 1;
                continue;
            }
            None => *item,
        };
        if rest.len > 0 {
            left.to_mut()[kept] = rest;
            kept += 1;
        }
    }
    match left {
        Cow::Borrowed(items) => Cow::Borrowed(&items[..kept]),
        Cow::Owned(mut items) => {
            items.truncate(kept);
            Cow::Owned(items)
        }
    }
}

/// Lets the output have the first blocks of a large file without a copy, if it can, and returns how
/// many these are.
fn share_one(item: &Item, renderer: &Renderer<'_>, region: Region<'_>) -> Option<u32> {
    let What::Data { inode, logical } = item.what else {
        return None;
    };
    let block_bytes = renderer.block_size().bytes64();
    let content = renderer.content(inode);
    let start = u64::from(logical) * block_bytes;
    // The end of the last block is zero, whatever the source has there.
    let blocks = (content.len().saturating_sub(start) / block_bytes).min(u64::from(item.len));
    let len = blocks * block_bytes;
    if len < LARGE {
        return None;
    }
    let part = content.parts(start..start + len).next()?;
    let From::Source(source, offset) = part.from else {
        return None;
    };
    let is_whole = (part.at, part.len) == (start, len);
    let source = renderer.tree().source(source);
    let range = offset..offset.checked_add(len)?;
    let is_shared = is_whole && region.share(&**source, range, item.block * block_bytes);
    is_shared.then(|| lo32(blocks))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::ops::Range;
    use std::sync::{Arc, Mutex};

    use uuid::Uuid;

    use super::super::{Options, plan, write};
    use super::*;
    use crate::Size;
    use crate::region::{ReadAt, WriteAt};
    use crate::tree::content::{Content, Segment};
    use crate::tree::{Meta, Timestamp, Tree};

    /// Byte `i` is `i % 251`.
    struct Digits;

    impl ReadAt for Digits {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            for (byte, at) in buf.iter_mut().zip(offset..) {
                *byte = u8::try_from(at % 251).unwrap();
            }
            Ok(())
        }

        fn name(&self) -> String {
            "digits".to_owned()
        }
    }

    /// What is in memory, and shares what begins with a block in its source.
    struct Memory {
        bytes: Mutex<Vec<u8>>,
        shared: Option<Mutex<Vec<(u64, u64)>>>,
    }

    impl WriteAt for Memory {
        fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
            let at = usize::try_from(offset).unwrap();
            self.bytes.lock().unwrap()[at..at + buf.len()].copy_from_slice(buf);
            Ok(())
        }

        fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
            let Some(shared) = &self.shared else {
                return false;
            };
            if !range.start.is_multiple_of(4096) {
                return false;
            }
            let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
            source.read_exact_at(&mut bytes, range.start).unwrap();
            self.write_all_at(&bytes, offset).unwrap();
            let mut shared = shared.lock().unwrap();
            shared.push((range.start, range.end));
            true
        }
    }

    fn meta() -> Meta {
        Meta::root(0o755, Timestamp::default())
    }

    /// Writes a filesystem to where nothing is shared, or something.
    fn written(tree: &Tree, shared: Option<Mutex<Vec<(u64, u64)>>>) -> Memory {
        let options = Options::new(Uuid::nil(), Uuid::nil(), Timestamp::default());
        let size = Size::Fit { free: 0 };
        let layout = plan(tree, Tree::ROOT, &[], size, options).unwrap();
        let len = layout.bytes();
        let memory = Memory {
            bytes: Mutex::new(vec![0; usize::try_from(len).unwrap()]),
            shared,
        };
        let told = Mutex::new(0);
        let region = Region::new(&memory, 0, len);
        write(&layout, tree, region, 2, &|bytes| {
            *told.lock().unwrap() += bytes;
        })
        .unwrap();
        assert_eq!(told.into_inner().unwrap(), layout.written_bytes());
        memory
    }

    #[test]
    fn whole_blocks_of_large_files_are_shared_and_the_image_is_the_same() {
        let large = LARGE;
        // Where in the file and in the source its parts lie, and what of the source is shared.
        for (parts, len, want) in [
            (&[(0, large - 1, 0)][..], large - 1, &[][..]),
            (&[(0, large, 0)], large, &[(0, large)]),
            (&[(0, large + 1, 8192)], large + 1, &[(8192, 8192 + large)]),
            (&[(0, 9 * large, 0)], 9 * large, &[(0, 9 * large)]),
            (&[(0, 2 * large, 512)], 2 * large, &[]),
            // Beside a hole of a block, and over one inside a block.
            (
                &[(0, large, 0), (2 * large, 2 * large, large)],
                4 * large + 4096,
                &[(0, large), (large, 3 * large)],
            ),
            (
                &[(0, large, 0), (large + 1, large, 3 * large)],
                2 * large + 1,
                &[],
            ),
        ] {
            let mut tree = Tree::new(meta());
            let source = tree.add_source(Arc::new(Digits));
            let segment = |&(at, len, offset): &_| Segment { at, len, offset };
            let content = match parts {
                [(0, _, offset)] => Content::span(source, *offset, len),
                _ => Content::sparse(source, len, parts.iter().map(segment).collect()).unwrap(),
            };
            for (name, content) in [
                (&b"a"[..], Content::span(source, 1, 5000)),
                (b"b", content),
                (b"c", Content::bytes(vec![7; 100_000])),
            ] {
                let file = tree.add_file(meta(), content);
                tree.link(Tree::ROOT, name, file);
            }
            let copied = written(&tree, None);
            let shared = written(&tree, Some(Mutex::default()));
            let [copied, bytes] =
                [copied.bytes, shared.bytes].map(|bytes| bytes.into_inner().unwrap());
            assert!(copied == bytes, "{parts:?}");
            let shared = shared.shared.unwrap().into_inner().unwrap();
            assert_eq!(shared, want, "{parts:?}");
        }
    }
}
