//! The order in which p11-kit goes through a set of texts: that of its hash table.

/// How many places the table has at first; with more texts than places, it gets twice and one.
const PLACES: usize = 9;

/// Returns texts without those that are there twice, in the order of p11-kit's table (its `dict.c`).
pub(super) fn ordered(texts: Vec<String>) -> Vec<String> {
    let mut table: Vec<Vec<(u32, String)>> = vec![Vec::new(); PLACES];
    let mut count = 0;
    for text in texts {
        let hash = hash(text.as_bytes());
        let place = place(hash, table.len());
        if table[place].iter().any(|(_, known)| *known == text) {
            continue;
        }
        table[place].push((hash, text));
        count += 1;
        if count > table.len() {
            let mut larger = vec![Vec::new(); table.len() * 2 + 1];
            for entry in table.into_iter().flatten() {
                let place = self::place(entry.0, larger.len());
                larger[place].insert(0, entry);
            }
            table = larger;
        }
    }
    table.into_iter().flatten().map(|(_, text)| text).collect()
}

fn place(hash: u32, places: usize) -> usize {
    usize::try_from(hash).map_or(0, |hash| hash % places)
}

/// MurmurHash3 as p11-kit has it (its `hash.c`), where but the length of the rest counts.
fn hash(text: &[u8]) -> u32 {
    let mix = |word: u32| {
        word.wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (words, rest) = text.as_chunks::<4>();
    let mut hash = words.iter().fold(42_u32, |hash, word| {
        (hash ^ mix(u32::from_le_bytes(*word)))
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64)
    });
    let tail = rest.iter().rev();
    let tail = tail.fold(0, |word, byte| (word << 8) | u32::from(*byte));
    hash ^= mix(tail);
    hash ^= u32::try_from(rest.len()).unwrap_or_default();
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
