//! What a file is, told by its first bytes.

use super::codec::Codec;
use super::header::{self, BLOCK};

/// How many bytes from the start are enough to tell.
pub(super) const ENOUGH: usize = 2048;

/// What the first bytes of a file say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tar archive: a member's header or an end marker.
    Tar,
    /// A disk with a partition table, a filesystem, or a file that stores one in its own way.
    Image,
    /// Compressed data.
    Compressed(Codec),
    /// Something else, with an article.
    Other(&'static str),
}

/// Bytes at an offset that give a format away, and what messages call the format.
const OTHERS: &[(usize, &[u8], &str)] = &[
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\xed\xab\xee\xdb", "an rpm package"),
    (0, b"!<arch>\n", "an ar archive or deb package"),
    (0, b"070701", "a cpio archive"),
    (0, b"hsqs", "a squashfs image"),
    (0, b"\x04\x22\x4d\x18", "lz4 data, which is not supported"),
    (0, b"LZIP", "lzip data, which is not supported"),
    (0, b"\x1f\x9d", "compress (.Z) data, which is not supported"),
    (0, b"\x7fELF", "an ELF program"),
    (0, b"#!", "a script"),
    (0, b"{", "a JSON file"),
];

/// Recognises a file by its first bytes, [`ENOUGH`] of them where the file has that many.
pub(super) fn recognise(head: &[u8]) -> Kind {
    // Before the first block of a filesystem there may be nothing but zeros, as at the end of an
    // archive.
    if starts_filesystem(head) && starts_with_zeros(head) {
        return Kind::Image;
    }
    // A member may be called anything, "BZh9" too: a right checksum decides first.
    if let Some(block) = head.first_chunk::<BLOCK>()
        && (header::is_zero(block) || header::check(block).is_ok())
    {
        return Kind::Tar;
    }
    if let Some(codec) = Codec::recognise(head) {
        return Kind::Compressed(codec);
    }
    if head.is_empty() {
        return Kind::Other("an empty file");
    }
    let known = OTHERS
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    match known {
        Some((.., what)) => Kind::Other(what),
        None if is_image(head) => Kind::Image,
        None if is_html(head) => Kind::Other("an HTML page"),
        None if head.len() < BLOCK => Kind::Other("shorter than one tar header (512 bytes)"),
        None => Kind::Other("no format that is known here, or damaged"),
    }
}

/// Returns whether the first block is one of zeros, which ends an archive.
pub(super) fn starts_with_zeros(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>().is_some_and(header::is_zero)
}

/// Returns whether there is the superblock of ext2, ext3 or ext4, or the header of a GPT.
fn starts_filesystem(head: &[u8]) -> bool {
    let is = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|h| h.starts_with(magic));
    is(1080, b"\x53\xef") || is(512, b"EFI PART")
}

fn is_image(head: &[u8]) -> bool {
    let has_signature = head.get(510..512) == Some(b"\x55\xaa");
    crate::disk::is_stored(head)
        || starts_filesystem(head)
        || has_signature
        || head.starts_with(b"XFSB")
        || head.starts_with(b"LUKS\xba\xbe")
}

fn is_html(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"].iter().any(|tag| {
        let start = text.get(..tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        let long = |start: &[u8], at: usize, magic: &[u8]| {
            let mut head = vec![b'x'; ENOUGH];
            head[..start.len()].copy_from_slice(start);
            head[at..at + magic.len()].copy_from_slice(magic);
            head
        };
        let zeros_but = |at: usize, magic: &[u8]| {
            let mut head = vec![0; ENOUGH];
            head[at..at + magic.len()].copy_from_slice(magic);
            head
        };
        for (head, want) in [
            (vec![0; BLOCK], Kind::Tar),
            (b"\x1f\x8b\x08".to_vec(), Kind::Compressed(Codec::Gzip)),
            (b"\x28\xb5\x2f\xfd".to_vec(), Kind::Compressed(Codec::Zstd)),
            (b"\x5f\x2a\x4d\x18".to_vec(), Kind::Compressed(Codec::Zstd)),
            (b"\xfd7zXZ\0".to_vec(), Kind::Compressed(Codec::Xz)),
            (
                b"BZh9\x31\x41\x59\x26\x53\x59".to_vec(),
                Kind::Compressed(Codec::Bzip2),
            ),
            (
                b"BZh1\x17\x72\x45\x38\x50\x90".to_vec(),
                Kind::Compressed(Codec::Bzip2),
            ),
            (Vec::new(), Kind::Other("an empty file")),
            (
                vec![0; 511],
                Kind::Other("shorter than one tar header (512 bytes)"),
            ),
            (
                b"\r\n <!DOCTYPE HTML>".to_vec(),
                Kind::Other("an HTML page"),
            ),
            (long(b"", 1080, b"\x53\xef"), Kind::Image),
            (long(b"\xeb\x63", 510, b"\x55\xaa"), Kind::Image),
            (long(b"QFI\xfb", 4, b"\0\0\0\x03"), Kind::Image),
            (zeros_but(1080, b"\x53\xef"), Kind::Image),
            (zeros_but(512, b"EFI PART"), Kind::Image),
            (zeros_but(510, b"\x55\xaa"), Kind::Image),
            (vec![0; ENOUGH], Kind::Tar),
            (
                long(b"BZh0", 0, b""),
                Kind::Other("no format that is known here, or damaged"),
            ),
        ] {
            assert_eq!(recognise(&head), want);
        }
    }
}
