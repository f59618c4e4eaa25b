//! Archives with any one byte changed: an error or a tree, but never a panic or a hang.

use super::*;

#[test]
fn any_byte_may_be_wrong() {
    let pieces = [
        pax_of_type(b'g', &[("mtime", b"5.5")]),
        pax(&[
            ("path", b"some/path"),
            ("SCHILY.xattr.user.x", b"1"),
            (
                "SCHILY.acl.access",
                b"user::rw-,group:5:r--,mask::r,group::r--,other::---",
            ),
        ]),
        member("a", b'0', &[b'a'; 600]),
        member("@", b'L', b"a/long/name\0"),
        link("l", b'1', "some/path"),
        link("s", b'2', "some"),
        member("dir/", b'5', b""),
        pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.realsize", b"100"),
            ("GNU.sparse.name", b"dir/sparse"),
        ]),
        member(
            "x",
            b'0',
            &[&padded(b"2\n0\n1\n50\n2\n")[..], b"abc"].concat(),
        ),
        edited("old", b'S', b"abc", |h| {
            let gnu = b"00000000001\x0000000000003\0";
            h.prefix[41..65].copy_from_slice(gnu);
            h.prefix[138..149].copy_from_slice(b"00000000100");
        }),
        vec![0; 1024],
    ];
    let bytes = pieces.concat();
    assert_eq!(message(read_as_is(bytes.clone())), "");
    let mut outcomes = [0, 0];
    for at in 0..bytes.len() {
        for value in [0, b'/', bytes[at] ^ 1, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            // Without a right checksum no other field of a header would be looked at.
            let block = at - at % 512;
            let header: &mut [u8; 512] = (&mut bytes[block..block + 512]).try_into().unwrap();
            let mut fixed = *Header::from_bytes(header);
            if fixed.is_ustar() || fixed.is_gnu() {
                fixed.set_checksum();
                *header = *fixed.as_bytes();
            }
            outcomes[usize::from(read_as_is(bytes).is_ok())] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 1000), "{outcomes:?}");
}
