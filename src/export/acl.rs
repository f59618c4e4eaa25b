//! POSIX access control lists as text, from the form that the kernel's `system.posix_acl_*`
//! attributes have (`include/uapi/linux/posix_acl_xattr.h`).

/// The version number that the attribute begins with.
const VERSION: [u8; 4] = 2_u32.to_le_bytes();

/// Returns a list as `tar --acls` stores it, with owners as numbers; nothing for what is no list.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let entries = value.strip_prefix(&VERSION)?;
    let (entries, rest) = entries.as_chunks::<8>();
    if !rest.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    for [tag, tag_high, bits, _, id @ ..] in entries {
        let id = u32::from_le_bytes(*id);
        let who = match u16::from_le_bytes([*tag, *tag_high]) {
            0x01 => "user:".to_owned(),
            0x02 => format!("user:{id}"),
            0x04 => "group:".to_owned(),
            0x08 => format!("group:{id}"),
            0x10 => "mask:".to_owned(),
            0x20 => "other:".to_owned(),
            _ => return None,
        };
        let bit = |mask, letter| if bits & mask == 0 { '-' } else { letter };
        lines.push(format!(
            "{who}:{}{}{}",
            bit(4, 'r'),
            bit(2, 'w'),
            bit(1, 'x')
        ));
    }
    (!lines.is_empty()).then(|| lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_getfacl_prints_them() {
        let entry = |tag: u16, bits: u16, id: u32| {
            [
                &tag.to_le_bytes()[..],
                &bits.to_le_bytes(),
                &id.to_le_bytes(),
            ]
            .concat()
        };
        let none = u32::MAX;
        let list = [
            VERSION.to_vec(),
            entry(1, 7, none),
            entry(2, 5, 1000),
            entry(4, 4, none),
            entry(8, 1, 7),
            entry(16, 7, none),
            entry(32, 0, none),
        ];
        let want = "user::rwx\nuser:1000:r-x\ngroup::r--\ngroup:7:--x\nmask::rwx\nother::---\n";
        assert_eq!(text(&list.concat()).unwrap(), want);
        for bad in [
            &b""[..],
            &VERSION,
            b"\x02\0\0\0\x01\0",
            &[&VERSION[..], &entry(3, 0, 0)].concat(),
        ] {
            assert_eq!(text(bad), None, "{bad:?}");
        }
    }
}
