//! A write-ahead log that a database was left with: what was committed in it is part of the
//! database (sqlite's file format, 4).

use std::collections::BTreeMap;

use super::DatabaseError;

/// Bytes of the log's header, and of that of each frame.
const HEADER: usize = 32;
const FRAME: usize = 24;

/// The first four bytes, by the byte order of the checksums' words.
const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;

/// The one version of the format that sqlite opens.
const VERSION: u32 = 3_007_000;

/// Puts the pages of all committed transactions of a log into the database.
///
/// The log ends where a checksum is wrong: what follows was not written to its end, or is left of
/// an older log.
pub(super) fn replay(file: &mut Vec<u8>, log: &[u8]) -> Result<(), DatabaseError> {
    let Some(header) = log.get(..HEADER) else {
        return Ok(());
    };
    let is_big = match be32(header, 0) {
        MAGIC_BIG => true,
        MAGIC_LITTLE => false,
        // sqlite takes a log whose header is not whole for an empty one.
        _ => return Ok(()),
    };
    let page = be32(header, 8) as usize;
    let mut sum = checksum((0, 0), &header[..24], is_big);
    let is_whole = sum == (be32(header, 24), be32(header, 28));
    if !is_whole || !(512..=65536).contains(&page) || !page.is_power_of_two() {
        return Ok(());
    }
    if be32(header, 4) != VERSION {
        return Err(DatabaseError::Log("it is of a version that is not known"));
    }
    let salts = &header[16..24];
    let mut transaction = Vec::new();
    // The newest of each page counts, and the size that the last transaction left.
    let mut committed = BTreeMap::new();
    let mut size = None;
    for frame in log[HEADER..].chunks_exact(FRAME + page) {
        let (head, content) = frame.split_at(FRAME);
        sum = checksum(sum, &head[..8], is_big);
        sum = checksum(sum, content, is_big);
        if &head[8..16] != salts || sum != (be32(head, 16), be32(head, 20)) {
            break;
        }
        transaction.push((be32(head, 0) as usize, content));
        let pages = be32(head, 4) as usize;
        if pages == 0 {
            continue;
        }
        let len = pages
            .checked_mul(page)
            .filter(|len| *len as u64 <= super::LARGEST);
        let len = len.ok_or(DatabaseError::Log("it makes the database too large"))?;
        size = Some(len);
        committed.extend(transaction.drain(..));
    }
    let Some(len) = size else {
        return Ok(());
    };
    file.resize(len, 0);
    for (number, content) in committed {
        // Pages count from 1; one past the end was cut off.
        let at = usize::checked_sub(number, 1).and_then(|index| index.checked_mul(page));
        if let Some(place) = at.and_then(|at| file.get_mut(at..at + page)) {
            place.copy_from_slice(content);
        }
    }
    Ok(())
}

/// Returns the running checksum after more bytes, of which there are a multiple of eight.
fn checksum(sum: (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| match is_big {
        true => be32(bytes, 0),
        false => be32(bytes, 0).swap_bytes(),
    };
    bytes.chunks_exact(8).fold(sum, |(a, b), pair| {
        let a = a.wrapping_add(word(&pair[..4])).wrapping_add(b);
        let b = b.wrapping_add(word(&pair[4..])).wrapping_add(a);
        (a, b)
    })
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_be_bytes(bytes.expect("four bytes"))
}
