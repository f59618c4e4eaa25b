use std::io::Write as _;

use flate2::{Compression, GzBuilder};

use super::*;

/// Bytes that can be packed, and say where they are from.
fn content(len: usize) -> Vec<u8> {
    let words = (0..len.div_ceil(8)).map(|word| (word / 3 * 7919) as u64);
    let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes[..len].to_vec()
}

/// Packs bytes as bgzip does.
fn bgzip(bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes.chunks(60_000).chain([&[][..]]);
    chunks.flat_map(sized_member).collect()
}

/// Packs bytes as a member of gzip that says its size.
fn sized_member(bytes: &[u8]) -> Vec<u8> {
    let builder = GzBuilder::new().extra(*b"BC\x02\0\0\0");
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    let mut member = encoder.finish().unwrap();
    let size = u16::try_from(member.len() - 1).unwrap();
    member[16..18].copy_from_slice(&size.to_le_bytes());
    member
}

/// Packs each of many pieces as a frame.
fn frames(bytes: &[u8], len: usize, is_sized: bool) -> Vec<u8> {
    let frame = |chunk: &[u8]| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(len.is_multiple_of(2)).unwrap();
        if is_sized {
            encoder
                .set_pledged_src_size(Some(chunk.len() as u64))
                .unwrap();
        }
        encoder.write_all(chunk).unwrap();
        encoder.finish().unwrap()
    };
    bytes.chunks(len).flat_map(frame).collect()
}

fn decode(codec: Codec, packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    // Few bytes at a time, as from a pipe.
    let input = io::BufReader::with_capacity(1000, packed);
    codec.decoder(input)?.read_to_end(&mut decoded)?;
    Ok(decoded)
}

/// Says how many pieces are decoded apart, and whether something is left.
fn pieces(codec: Codec, mut packed: &[u8]) -> (usize, bool) {
    for count in 0.. {
        let mut piece = Piece::default();
        match piece.read(codec, &mut packed).unwrap() {
            End::More => {}
            end => return (count + usize::from(piece.whole > 0), end == End::Unknown),
        }
    }
    unreachable!()
}

#[test]
fn small_streams_are_decoded_apart() {
    let bytes = content(5_000_000);
    let zeros = vec![0; 17 << 20];
    let skipped = [&[0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..]];
    let large = [frames(&bytes, 50_001, true), frames(&zeros, 17 << 20, true)];
    let unsized_large = [
        frames(&bytes, 50_000, false),
        frames(&zeros, 17 << 20, false),
    ];
    let with_zeros = [&bytes[..], &zeros].concat();
    let gzip = [bgzip(&bytes), vec![0; 512]].concat();
    let mixed = {
        let mut plain = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
        plain.write_all(&zeros).unwrap();
        [bgzip(&bytes), plain.finish().unwrap()].concat()
    };
    let swollen = [bgzip(&bytes), sized_member(&zeros[..1 << 20])].concat();
    let with_some_zeros = [&bytes[..], &zeros[..1 << 20]].concat();
    let wide = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(24).unwrap();
        encoder.write_all(b"x").unwrap();
        [frames(&bytes, 1 << 20, true), encoder.finish().unwrap()].concat()
    };
    let with_x = [&bytes[..], b"x"].concat();
    for (what, codec, packed, want, apart, is_rest) in [
        (
            "a member that is not so small",
            Codec::Gzip,
            swollen,
            &with_some_zeros,
            6,
            true,
        ),
        ("a large window", Codec::Zstd, wide, &with_x, 5, true),
        ("members", Codec::Gzip, bgzip(&bytes), &bytes, 6, false),
        ("zeros after them", Codec::Gzip, gzip, &bytes, 6, true),
        ("a plain member", Codec::Gzip, mixed, &with_zeros, 6, true),
        (
            "frames",
            Codec::Zstd,
            frames(&bytes, 1 << 20, true),
            &bytes,
            5,
            false,
        ),
        (
            "without a size",
            Codec::Zstd,
            frames(&bytes, 1 << 20, false),
            &bytes,
            5,
            false,
        ),
        (
            "tiny frames",
            Codec::Zstd,
            frames(&bytes, 999, true),
            &bytes,
            313,
            false,
        ),
        (
            "a large one",
            Codec::Zstd,
            large.concat(),
            &with_zeros,
            7,
            true,
        ),
        (
            "and unsized",
            Codec::Zstd,
            unsized_large.concat(),
            &with_zeros,
            7,
            true,
        ),
        (
            "skipped ones",
            Codec::Zstd,
            [
                skipped.concat(),
                frames(&bytes, 1 << 20, true),
                skipped.concat(),
            ]
            .concat(),
            &bytes,
            5,
            false,
        ),
    ] {
        assert!(decode(codec, &packed).unwrap() == *want, "{what}");
        assert_eq!(pieces(codec, &packed), (apart, is_rest), "{what}");
    }
}

#[test]
fn no_piece_decodes_to_more_than_it_says() {
    let mut member = sized_member(&vec![0; 1 << 20]);
    let len = member.len();
    member[len - 4..].copy_from_slice(&1_u32.to_le_bytes());
    assert_eq!(pieces(Codec::Gzip, &member), (1, false));
    let message = decode(Codec::Gzip, &member).unwrap_err().to_string();
    assert!(
        message.contains("more bytes than its own fields allow"),
        "{message}"
    );
}

#[test]
fn what_is_damaged_is_told() {
    let bytes = content(300_000);
    for (codec, packed) in [
        (Codec::Gzip, bgzip(&bytes)),
        (Codec::Zstd, frames(&bytes, 100_000, true)),
    ] {
        let serial = |packed: &[u8]| {
            let mut decoded = Vec::new();
            let read = codec.serial(packed)?.read_to_end(&mut decoded);
            read.map(|_| decoded)
        };
        for len in (1..packed.len()).step_by(997).chain(1..30) {
            // Between two streams it may end.
            let (got, want) = (decode(codec, &packed[..len]), serial(&packed[..len]));
            assert_eq!(got.ok(), want.ok(), "{codec} {len}");
        }
        for at in (0..packed.len()).step_by(997).chain(18..40) {
            let mut packed = packed.clone();
            packed[at] ^= 0x40;
            if let Ok(got) = decode(codec, &packed) {
                assert_eq!(got, serial(&packed).unwrap(), "{codec} {at}");
            }
        }
    }
}
