//! Sparse files by hand: what the maps of GNU tar's four formats may say.

use super::*;

/// A GNU header of type `S` with these parts in it and a block after it for each further 21.
fn old_gnu(parts: &[(u64, u64)], real_size: u64, data: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path(b"f").unwrap();
    header.set_size(data.len() as u64).unwrap();
    header.as_gnu_mut().typeflag = *b"S";
    header.as_gnu_mut().set_real_size(real_size);
    let mut parts = parts.iter();
    for (slot, (at, len)) in header.as_gnu_mut().sparse.iter_mut().zip(parts.by_ref()) {
        slot.set_offset(*at);
        slot.set_length(*len);
    }
    let blocks = parts.len().div_ceil(21);
    header.as_gnu_mut().set_is_extended(blocks > 0);
    header.set_checksum();
    let mut bytes = header.as_bytes().to_vec();
    for block in 0..blocks {
        let mut pairs = Vec::new();
        for (at, len) in parts.by_ref().take(21) {
            pairs.extend(format!("{at:011o}\0{len:011o}\0").into_bytes());
        }
        pairs.resize(504, 0);
        pairs.push(u8::from(block + 1 < blocks));
        bytes.extend(padded(&pairs));
    }
    [bytes, padded(data)].concat()
}

/// A file with these records before it.
fn with(records: &[(&str, &str)], data: &[u8]) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(|(k, v)| (*k, v.as_bytes())).collect();
    [pax(&records), member("GNUSparseFile.0/f", b'0', data)].concat()
}

const V1: [(&str, &str); 3] = [
    ("GNU.sparse.major", "1"),
    ("GNU.sparse.minor", "0"),
    ("GNU.sparse.name", "f"),
];

/// The format 1.0: the map is in front of the data.
fn v1(real_size: &str, map: &str, data: &[u8]) -> Vec<u8> {
    let records = [&V1[..], &[("GNU.sparse.realsize", real_size)]].concat();
    with(&records, &[padded(map.as_bytes()), data.to_vec()].concat())
}

#[test]
fn all_formats_give_the_same_file() {
    let parts = [
        (512, 3),
        (515, 2),
        (1024, 0),
        (9000, 1),
        (9999, 1),
        (20_000, 0),
    ];
    let data = b"abcdefg";
    let map = parts.map(|(at, len)| format!("{at},{len}")).join(",");
    let lines = parts.map(|(at, len)| format!("{at}\n{len}\n")).concat();
    let text = parts.map(|(at, len)| (at.to_string(), len.to_string()));
    let mut pairs = vec![
        ("GNU.sparse.size", "20000"),
        ("GNU.sparse.numblocks", "6"),
        ("path", "f"),
    ];
    for (at, len) in &text {
        pairs.extend([
            ("GNU.sparse.offset", &**at),
            ("GNU.sparse.numbytes", &**len),
        ]);
    }
    let v01 = [
        ("GNU.sparse.size", "20000"),
        ("GNU.sparse.map", &*map),
        ("GNU.sparse.name", "f"),
    ];
    let mut crc = flate2::Crc::new();
    let mut bytes = vec![0; 20_000];
    bytes[512..517].copy_from_slice(b"abcde");
    bytes[9000] = b'f';
    bytes[9999] = b'g';
    crc.update(&bytes);
    let want = format!(
        "20000 bytes {:08x} [512-517,9000-9001,9999-10000]",
        crc.sum()
    );
    for (form, bytes) in [
        ("old", old_gnu(&parts, 20_000, data)),
        ("0.0", with(&pairs, data)),
        ("0.1", with(&v01, data)),
        ("1.0", v1("20000", &format!("6\n{lines}"), data)),
        // A size in the extended header is what the archive holds, the map of 1.0 included.
        ("1.0 with size", {
            let records = [
                &V1[..],
                &[("GNU.sparse.realsize", "20000"), ("size", "519")],
            ]
            .concat();
            let map = padded(format!("6\n{lines}").as_bytes());
            let mut bytes = with(&records, &[&map, &data[..]].concat());
            let header = 2 * 512 + pax(&[]).len() - 512;
            octal(&mut bytes[header + 124..header + 136], 0);
            let mut fixed = *Header::from_bytes(bytes[header..][..512].try_into().unwrap());
            fixed.set_checksum();
            bytes[header..][..512].copy_from_slice(fixed.as_bytes());
            bytes
        }),
    ] {
        let loaded =
            read(&[bytes, member("next", b'0', b"")]).unwrap_or_else(|e| panic!("{form}: {e:#}"));
        let lines = listing(&loaded);
        assert!(
            lines[1].starts_with("/f file ") && lines[1].ends_with(&want),
            "{form}: {lines:?}"
        );
        assert_eq!(lines.len(), 3, "{form}");
    }
}

#[test]
fn many_parts() {
    for count in [0, 1, 4, 5, 25, 26, 46, 47, 1000] {
        let parts: Vec<_> = (0..count).map(|i| (i * 10, 1)).collect();
        let data: Vec<_> = (0..count)
            .map(|i| b'a' + u8::try_from(i % 26).unwrap())
            .collect();
        let lines: String = parts
            .iter()
            .map(|(at, len)| format!("{at}\n{len}\n"))
            .collect();
        let mut seen = Vec::new();
        for bytes in [
            old_gnu(&parts, 10_000, &data),
            v1("10000", &format!("{count}\n{lines}"), &data),
        ] {
            let loaded = read(&[bytes, member("next", b'0', b"")]).unwrap();
            let content = listing(&loaded)[1]
                .split_once("10000 bytes")
                .unwrap()
                .1
                .to_owned();
            assert_eq!(content.matches('-').count() as u64, count);
            seen.push(content);
        }
        assert_eq!(seen[0], seen[1]);
    }
}

#[test]
fn maps_that_are_refused() {
    let many = "9".repeat(600);
    for (bytes, want) in [
        (
            old_gnu(&[(0, 5)], 10, b"data"),
            "member \"f\" at byte 0: its sparse map is about 5 bytes, the archive holds 4",
        ),
        (
            old_gnu(&[(7, 4)], 10, b"data"),
            "overlap, or end after its 10 bytes",
        ),
        (
            old_gnu(&[(4, 2), (0, 2)], 10, b"data"),
            "overlap, or end after",
        ),
        (
            old_gnu(&[(0, 3), (2, 1)], 10, b"data"),
            "overlap, or end after",
        ),
        (old_gnu(&[(u64::MAX, 4)], 10, b"data"), "offset of a part"),
        (
            old_gnu(&[], u64::MAX, b""),
            "real size 18446744073709551615 is not in",
        ),
        (
            old_gnu(&[(0, 1); 5], 9, b"data")[..512].to_vec(),
            "the archive ends at byte 512, 512 bytes short",
        ),
        (
            v1("10", "1\n0\n5\n", b"data"),
            "member \"f\" at byte 0: its sparse map is about 5 bytes, the archive holds 4",
        ),
        (
            v1("10", "1\n0\n", b""),
            "its sparse map has '\\x00' in a number",
        ),
        (
            v1("10", "1\n0\nx\n", b""),
            "its sparse map has 'x' in a number",
        ),
        (
            v1("10", "1\n0\n-1\n", b""),
            "its sparse map has '-' in a number",
        ),
        (v1("10", &many, b""), "more than 20 digits"),
        (
            v1("10", "10000001\n", b""),
            "number of parts 10000001 is not in 0..=10000000",
        ),
        (
            v1("x", "0\n", b""),
            "record \"GNU.sparse.realsize\": \"x\" is no decimal",
        ),
        (v1("-1", "0\n", b""), "real size -1"),
        (with(&V1, b""), "without GNU.sparse.size"),
        (
            with(&[("GNU.sparse.major", "2")], b""),
            "sparse format 2.0 is not known",
        ),
        (with(&[("GNU.sparse.map", "1,2,3")], b""), "odd count"),
        (
            with(&[("GNU.sparse.numbytes", "1")], b""),
            "the offset before it is missing",
        ),
        (
            with(&[("GNU.sparse.map", "0,9223372036854775807,0,1")], b""),
            "larger together than any file",
        ),
    ] {
        let message = message(read_as_is(bytes));
        assert!(message.contains(want), "wanted: {want}\n   got: {message}");
    }
}
