//! Blocks of PEM as p11-kit reads and writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::find;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The longest lines, in signs.
const LINE: usize = 64;

/// A block: its label, and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'t> {
    pub(super) label: &'t [u8],
    pub(super) content: Vec<u8>,
}

/// Returns whether C's `isspace` has a byte as a blank.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Reads all blocks; from one on that does not end, p11-kit reads none either.
pub(super) fn blocks(mut text: &[u8]) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    while let Some(begin) = find(text, BEGIN) {
        let after = &text[begin + BEGIN.len()..];
        let Some(label_end) = find(after, DASHES) else {
            break;
        };
        let label = &after[..label_end];
        let inner = &after[label_end + DASHES.len()..];
        if label.contains(&b'\n') {
            break;
        }
        let Some(end) = find(inner, END) else {
            break;
        };
        let tail = inner[end + END.len()..].strip_prefix(label);
        if !tail.is_some_and(|tail| tail.starts_with(DASHES)) {
            break;
        }
        if end > 0 {
            let content = decode(&inner[..end])
                .ok_or_else(|| format!("a {} is damaged", String::from_utf8_lossy(label)))?;
            blocks.push(Block { label, content });
        }
        text = &inner[end + DASHES.len()..];
    }
    Ok(blocks)
}

/// Decodes base64, without what stands above a blank line there.
fn decode(inner: &[u8]) -> Option<Vec<u8>> {
    let lines = inner.split(|byte| *byte == b'\n');
    let is_empty = |line: &[u8]| line.iter().all(|byte| is_blank(*byte));
    let mut lines: Vec<&[u8]> = lines.skip_while(|line| is_empty(line)).collect();
    // What is left of the line on which the end is.
    lines.pop_if(|line| line.is_empty());
    if lines.iter().any(|line| is_empty(line)) {
        return None;
    }
    let signs: Vec<u8> = inner
        .iter()
        .copied()
        .filter(|byte| !is_blank(*byte))
        .collect();
    STANDARD.decode(signs).ok()
}

/// Returns a block as text.
pub(super) fn write(label: &str, content: &[u8]) -> String {
    let signs = STANDARD.encode(content);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in signs.as_bytes().chunks(LINE) {
        out.extend(line.iter().map(|sign| char::from(*sign)));
        out.push('\n');
    }
    out + "-----END " + label + "-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_block() {
        let block = |label: &'static str, content: &[u8]| Block {
            label: label.as_bytes(),
            content: content.to_vec(),
        };
        for (text, want) in [
            ("no", Some(vec![])),
            (
                "x-----BEGIN A-----\nYQ==\n-----END A-----",
                Some(vec![block("A", b"a")]),
            ),
            (
                "-----BEGIN A-----\n\n Y\n Q==\n-----END A-----\n",
                Some(vec![block("A", b"a")]),
            ),
            (
                "-----BEGIN A-----YQ==-----END A-----",
                Some(vec![block("A", b"a")]),
            ),
            ("-----BEGIN A-----\nYQ==\n-----END B-----", Some(vec![])),
            ("-----BEGIN A-----\nYQ==\n", Some(vec![])),
            ("-----BEGIN A\n-----\nYQ==\n-----END A-----", Some(vec![])),
            ("-----BEGIN A-----\nX: y\n\nYQ==\n-----END A-----", None),
            ("-----BEGIN A-----\nYQ==\n\n-----END A-----", None),
            ("-----BEGIN A-----\nYR==\n-----END A-----", None),
            ("-----BEGIN A-----\nYQ\n-----END A-----", None),
        ] {
            assert_eq!(blocks(text.as_bytes()).ok(), want, "{text}");
        }
        let long = write("A", &[0; 49]);
        assert_eq!(
            long.lines().map(str::len).collect::<Vec<_>>(),
            [17, 64, 4, 15]
        );
        assert_eq!(blocks(long.as_bytes()).unwrap(), [block("A", &[0; 49])]);
    }
}
