//! Where the contents of large files begin in a tar archive that is being decoded.

use fsgen::ext4::LARGE;

use super::super::header::{self, BLOCK, Block};

/// Where in an archive its next header is, as far as headers are where they are expected. What is
/// found here is only for speed: it may be wrong for what is no archive, and nothing is found behind an old
/// sparse member of several blocks, or a member whose size only an extended header says.
#[derive(Default)]
pub(super) struct Contents {
    next: u64,
}

impl Contents {
    /// Returns where in the next bytes of an archive, which begin at `at`, the contents of large files
    /// begin. They do at its end when their header is the last of it.
    pub(super) fn begin_in(&mut self, at: u64, bytes: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        while let Some(skip) = self.next.checked_sub(at)
            && let Ok(skip) = usize::try_from(skip)
            && let Some(block) = bytes.get(skip..).and_then(|rest| rest.first_chunk())
        {
            let size = content(block);
            let begin = self.next + BLOCK as u64;
            let end = size.and_then(|size| begin.checked_add(size.next_multiple_of(BLOCK as u64)));
            if size >= Some(LARGE) {
                found.push(skip + BLOCK);
            }
            // Nothing more is looked for where there is no header.
            self.next = end.unwrap_or(u64::MAX);
        }
        found
    }
}

/// Returns how many bytes of content follow a header.
fn content(block: &Block) -> Option<u64> {
    header::check(block).ok()?;
    let size = header::number("size", &block[124..136]).ok()?;
    let size = u64::try_from(size)
        .ok()
        .filter(|size| *size <= i64::MAX as u64)?;
    let has_none = matches!(block[156], b'1'..=b'6');
    Some(if has_none { 0 } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appends a header, and as many bytes as its size says unless that is a lie.
    fn member(archive: &mut Vec<u8>, kind: u8, size: u64, content: usize) {
        let mut block = [0; BLOCK];
        block[124..136].copy_from_slice(format!("{size:011o} ").as_bytes());
        block[148..156].fill(b' ');
        block[156] = kind;
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend(block);
        archive.resize(archive.len() + content.next_multiple_of(BLOCK), 7);
    }

    #[test]
    fn contents_of_large_files_are_found_in_chunks_of_any_size() {
        let large = usize::try_from(LARGE).unwrap();
        let mut archive = Vec::new();
        let mut want = Vec::new();
        for (kind, size, content, is_large) in [
            (b'x', 30, 30, false),
            (b'0', LARGE - 1, large - 1, false),
            (b'0', LARGE, large, true),
            // What links say they have is not there.
            (b'1', LARGE, 0, false),
            (b'5', 0, 0, false),
            (b'0', LARGE + 1, large + 1, true),
            (b'0', 0, 0, false),
            (b'7', 3 * LARGE, 3 * large, true),
            // Behind what is no header nothing is looked for.
            (b'0', 0, BLOCK, false),
            (b'0', LARGE, large, false),
        ] {
            member(&mut archive, kind, size, content);
            if is_large {
                want.push(archive.len() - content.next_multiple_of(BLOCK));
            }
        }
        for chunk in [BLOCK, 4 * BLOCK, 1 << 18, archive.len()] {
            let mut contents = Contents::default();
            let mut found = Vec::new();
            for (bytes, at) in archive.chunks(chunk).zip((0..).step_by(chunk)) {
                let begin = contents.begin_in(at as u64, bytes);
                assert!(begin.iter().all(|begin| *begin <= bytes.len()));
                found.extend(begin.iter().map(|begin| at + begin));
            }
            assert_eq!(found, want, "{chunk}");
        }
    }

    #[test]
    fn what_is_no_archive_has_none() {
        let mut endless = Vec::new();
        member(&mut endless, b'0', (1 << 33) - 1, BLOCK);
        let mut past = endless.clone();
        past[124..136].copy_from_slice(&[0xff; 12]);
        for (bytes, want) in [
            (&[0; 4096][..], 0),
            (&[0xff; 4096], 0),
            (&[], 0),
            (&endless[..511], 0),
            (&endless, 1),
            (&past, 0),
        ] {
            let mut contents = Contents::default();
            assert_eq!(contents.begin_in(0, bytes).len(), want);
            assert_eq!(contents.begin_in(bytes.len() as u64, bytes), [0; 0]);
        }
    }
}
