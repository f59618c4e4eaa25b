//! The bytes of a directory: for each name its long form, if it has one, then its short entry.

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{U16, U32};

use super::fat_type::FatType;
use super::format::{DirEntry, ENTRY_SIZE, LAST_LONG_ENTRY, LongEntry, attr};
use super::label;
use super::layout::Layout;
use super::name::{self, UNITS};
use super::short::ShortName;
use super::time::Stamp;
use crate::tree::{Timestamp, Tree};

/// The names of a directory for itself and for the one that holds it.
const DOT: ShortName = *b".          ";
const DOT_DOT: ShortName = *b"..         ";

/// Returns how many bytes of a directory are written: all of its clusters, or where the root has
/// a place of its own, what is used of that.
pub(super) fn bytes(layout: &Layout, at: usize) -> u64 {
    let directory = &layout.inventory.directories[at];
    let size = layout.geometry.cluster_size;
    if at == 0 && layout.geometry.fat_type != FatType::Fat32 {
        return u64::from(directory.entries * ENTRY_SIZE);
    }
    u64::from(directory.clusters(size)) * u64::from(size.bytes())
}

/// Fills `out`, which is zero, with the entries of a directory.
pub(super) fn render(layout: &Layout, tree: &Tree, at: usize, out: &mut [u8]) {
    let directory = &layout.inventory.directories[at];
    let mut places = out.chunks_exact_mut(ENTRY_SIZE as usize);
    let mut put = |bytes: &[u8]| {
        let place = places
            .next()
            .expect("the entries were counted when it was planned");
        place.copy_from_slice(bytes);
    };
    let own_time = tree.node(directory.node).meta.mtime;
    if at > 0 {
        // Whatever holds this directory, the root is cluster 0 here.
        let holder = match directory.parent {
            0 => 0,
            parent => layout.directory_clusters[parent],
        };
        let own = layout.directory_clusters[at];
        put(entry(DOT, attr::DIRECTORY, own, 0, own_time).as_bytes());
        put(entry(DOT_DOT, attr::DIRECTORY, holder, 0, own_time).as_bytes());
    } else if let Some(label) = label::encode(&layout.options.label) {
        put(entry(label, attr::VOLUME_ID, 0, 0, layout.options.time).as_bytes());
    }
    if directory.is_hidden {
        return;
    }
    let list: Vec<_> = tree.entries(directory.node).map(|(name, _)| name).collect();
    let stored = name::store(&list).expect("the same names were stored when it was planned");
    let (mut next_directory, mut next_file) = (directory.first_directory, directory.first_file);
    for (stored, (_, child)) in stored.iter().zip(tree.entries(directory.node)) {
        for long in long_entries(&stored.long, &stored.short) {
            put(long.as_bytes());
        }
        let time = tree.node(child).meta.mtime;
        let short = if tree.is_directory(child) {
            let cluster = layout.directory_clusters[next_directory];
            next_directory += 1;
            entry(stored.short, attr::DIRECTORY, cluster, 0, time)
        } else {
            let (cluster, file) = (
                layout.file_clusters[next_file],
                &layout.inventory.files[next_file],
            );
            next_file += 1;
            entry(stored.short, attr::ARCHIVE, cluster, file.bytes, time)
        };
        put(short.as_bytes());
    }
}

fn entry(name: ShortName, attr: u8, cluster: u32, file_size: u32, time: Timestamp) -> DirEntry {
    let Stamp { date, time } = Stamp::new(time);
    let [a, b, c, d] = cluster.to_le_bytes();
    DirEntry {
        name,
        attr,
        nt_res: 0,
        crt_time_tenth: 0,
        crt_time: U16::new(time),
        crt_date: U16::new(date),
        lst_acc_date: U16::new(date),
        fst_clus_hi: U16::from_bytes([c, d]),
        wrt_time: U16::new(time),
        wrt_date: U16::new(date),
        fst_clus_lo: U16::from_bytes([a, b]),
        file_size: U32::new(file_size),
    }
}

/// Returns the entries of a long name, its end first.
fn long_entries(units: &[u16], short: &ShortName) -> impl Iterator<Item = LongEntry> {
    let chksum = checksum(short);
    let count = units.len().div_ceil(UNITS);
    let parts = units.chunks(UNITS).rev().enumerate();
    parts.map(move |(place, part)| {
        let number = u8::try_from(count - place).expect("a name has at most 20 parts");
        // A part that is not full ends in a zero, and after that in ones.
        let mut text = [U16::new(u16::MAX); UNITS];
        for (unit, from) in text.iter_mut().zip(part.iter().chain(&[0])) {
            *unit = U16::new(*from);
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m] = text;
        LongEntry {
            ord: if place == 0 {
                number | LAST_LONG_ENTRY
            } else {
                number
            },
            name1: [a, b, c, d, e],
            attr: attr::LONG_NAME,
            entry_type: 0,
            chksum,
            name2: [f, g, h, i, j, k],
            fst_clus_lo: U16::ZERO,
            name3: [l, m],
        }
    })
}

/// Returns what ties a long name to the short one that follows it.
fn checksum(short: &ShortName) -> u8 {
    short
        .iter()
        .fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_into_entries() {
        let bytes = |name: &str| -> Vec<u8> {
            let units: Vec<u16> = name.encode_utf16().collect();
            let entries = long_entries(&units, b"SHORT   TXT");
            entries
                .flat_map(|entry| entry.as_bytes().to_vec())
                .collect()
        };
        assert_eq!(bytes("").len(), 0);
        let one = bytes("ab.txt");
        assert_eq!(one[0], 0x41);
        assert_eq!(&one[1..11], b"a\0b\0.\0t\0x\0");
        assert_eq!(&one[11..14], [0x0F, 0, checksum(b"SHORT   TXT")]);
        assert_eq!(&one[14..18], b"t\0\0\0");
        assert_eq!(&one[18..26], [0xFF; 8]);
        assert_eq!(&one[26..28], [0; 2]);
        assert_eq!(&one[28..], [0xFF; 4]);
        // A part that is full has no zero behind it.
        let thirteen = bytes("1234567890abc");
        assert_eq!((thirteen.len(), thirteen[0]), (32, 0x41));
        assert_eq!(&thirteen[28..], b"b\0c\0");
        let two = bytes("1234567890abcd");
        assert_eq!((two.len(), two[0], two[32]), (64, 0x42, 1));
        assert_eq!(&two[1..7], b"d\0\0\0\xFF\xFF");
        assert_eq!(bytes(&"x".repeat(255))[0], 0x40 | 20);
    }

    #[test]
    fn a_checksum() {
        // As mtools writes it.
        assert_eq!(checksum(b"LONGFI~1TEX"), 0xCF);
    }
}
