//! Archives byte by byte: what no tar program would write.

use std::ops::Range;

/// Where a header's fields lie (POSIX ustar; the last three are GNU's).
pub(super) const MODE: Range<usize> = 100..108;
pub(super) const UID: Range<usize> = 108..116;
pub(super) const GID: Range<usize> = 116..124;
pub(super) const SIZE: Range<usize> = 124..136;
pub(super) const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
pub(super) const MAGIC: Range<usize> = 257..265;
pub(super) const MAJOR: Range<usize> = 329..337;
pub(super) const MINOR: Range<usize> = 337..345;
pub(super) const SPARSE: Range<usize> = 386..482;
pub(super) const EXTENDED: Range<usize> = 482..483;
pub(super) const REAL_SIZE: Range<usize> = 483..495;

/// The size of a header, and what all contents are padded to.
pub(super) const BLOCK: usize = 512;

/// The end marker of an archive.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// A member whose fields are set to these bytes before its checksum is made.
pub(super) fn edited(
    name: &str,
    flag: u8,
    data: &[u8],
    fields: &[(Range<usize>, &[u8])],
) -> Vec<u8> {
    let mut header = [0; BLOCK];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[MODE].copy_from_slice(b"0000644\0");
    header[UID].copy_from_slice(b"0000000\0");
    header[GID].copy_from_slice(b"0000000\0");
    header[SIZE].copy_from_slice(format!("{:011o}\0", data.len()).as_bytes());
    header[MTIME].copy_from_slice(b"00000000144\0");
    header[TYPE] = flag;
    header[MAGIC].copy_from_slice(b"ustar\x0000");
    for (field, bytes) in fields {
        header[field.clone()][..bytes.len()].copy_from_slice(bytes);
    }
    header[CHECKSUM].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&header[..], &padded(data)].concat()
}

/// A member as it should be.
pub(super) fn member(name: &str, flag: u8, data: &[u8]) -> Vec<u8> {
    edited(name, flag, data, &[])
}

/// An empty regular file.
pub(super) fn file(name: &str) -> Vec<u8> {
    member(name, b'0', b"")
}

/// A hard (`1`) or symbolic (`2`) link.
pub(super) fn link(name: &str, flag: u8, target: &str) -> Vec<u8> {
    edited(name, flag, b"", &[(LINK, target.as_bytes())])
}

/// A member whose checksum is wrong.
pub(super) fn broken(name: &str) -> Vec<u8> {
    let mut bytes = file(name);
    bytes[0] ^= 1;
    bytes
}

/// An extended header with these bytes, before the file `f`.
pub(super) fn records(bytes: &[u8]) -> Vec<u8> {
    [member("x", b'x', bytes), file("f")].concat()
}

/// An extended header with one record, before the file `f`.
pub(super) fn pax(key: &str, value: &[u8]) -> Vec<u8> {
    records(&record(key, value))
}

/// One record of an extended header.
pub(super) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    // The length counts its own digits.
    let len = (rest..).find(|len| rest + len.to_string().len() == *len);
    let start = format!("{} {key}=", len.unwrap());
    [start.as_bytes(), value, b"\n"].concat()
}

/// A sparse file: these records, without `GNU.sparse.`, and this data.
pub(super) fn sparse(keys: &[(&str, &str)], data: &[u8]) -> Vec<u8> {
    let records = keys.iter().flat_map(|(key, value)| {
        let key = format!("GNU.sparse.{key}");
        record(&key, value.as_bytes())
    });
    let records: Vec<u8> = records.collect();
    [member("x", b'x', &records), member("f", b'0', data)].concat()
}

/// A sparse file of the format 1.0: the map begins the data.
pub(super) fn sparse_1_0(real_size: &str, map: &[u8], data: &[u8]) -> Vec<u8> {
    let keys = [("major", "1"), ("minor", "0"), ("realsize", real_size)];
    sparse(&keys, &[&padded(map)[..], data].concat())
}

pub(super) fn padded(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(BLOCK), 0);
    data
}
