//! File capabilities: from the text of a header to the attribute `security.capability`.
//!
//! The text is that of cap_from_text(3): clauses such as `cap_net_raw,cap_net_admin=ep` or `=ep`,
//! applied one after the other. The attribute is `vfs_cap_data` of revision 2.

/// The attribute's name.
pub(crate) const ATTRIBUTE: &[u8] = b"security.capability";

/// Names by number (Linux: `include/uapi/linux/capability.h`).
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// `VFS_CAP_REVISION_2` and `VFS_CAP_FLAGS_EFFECTIVE`.
const REVISION: u32 = 0x0200_0000;
const EFFECTIVE: u32 = 1;

/// Returns the attribute for a text; nothing when it names what Linux does not have.
pub(crate) fn attribute(text: &str) -> Option<[u8; 20]> {
    let (mut effective, mut inheritable, mut permitted) = (0_u64, 0_u64, 0_u64);
    for clause in text.split_ascii_whitespace() {
        let at = clause.find(['=', '+', '-'])?;
        let (names, mut actions) = clause.split_at(at);
        let caps = set(names)?;
        while let Some(sign) = actions.chars().next() {
            actions = &actions[1..];
            let end = actions.find(['=', '+', '-']).unwrap_or(actions.len());
            let (letters, rest) = actions.split_at(end);
            actions = rest;
            if sign == '=' {
                for set in [&mut effective, &mut inheritable, &mut permitted] {
                    *set &= !caps;
                }
            }
            for letter in letters.chars() {
                let set = match letter {
                    'e' => &mut effective,
                    'i' => &mut inheritable,
                    'p' => &mut permitted,
                    _ => return None,
                };
                match sign {
                    '-' => *set &= !caps,
                    _ => *set |= caps,
                }
            }
        }
    }
    // A file has one bit for all that is effective: it can be nothing, or all the rest.
    if effective != 0 && effective != permitted | inheritable {
        return None;
    }
    let flag = if effective == 0 { 0 } else { EFFECTIVE };
    let mut value = [0; 20];
    let low = |set: u64| (set & 0xffff_ffff) as u32;
    let words = [
        REVISION | flag,
        low(permitted),
        low(inheritable),
        low(permitted >> 32),
        low(inheritable >> 32),
    ];
    for (place, word) in value.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Some(value)
}

/// Reads the capabilities before a sign; none of them, or `all`, are all.
fn set(names: &str) -> Option<u64> {
    if names.is_empty() || names.eq_ignore_ascii_case("all") {
        return Some((1 << NAMES.len()) - 1);
    }
    let bit = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("cap_")?;
        let number = match name.parse() {
            Ok(number) => number,
            Err(_) => NAMES.iter().position(|known| *known == name)?,
        };
        (number < 64).then(|| 1 << number)
    };
    names
        .split(',')
        .map(bit)
        .try_fold(0, |all, bit| Some(all | bit?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        // What setcap(8) of libcap 2.66 wrote, as getfattr shows it.
        for (text, want) in [
            (
                "cap_net_raw=ep",
                Some("0100000200200000000000000000000000000000"),
            ),
            (
                "cap_net_raw=p",
                Some("0000000200200000000000000000000000000000"),
            ),
            (
                "cap_net_raw,cap_net_admin=eip",
                Some("0100000200300000003000000000000000000000"),
            ),
            (
                "cap_net_admin+ep cap_net_raw+ep",
                Some("0100000200300000000000000000000000000000"),
            ),
            (
                "cap_checkpoint_restore=ep",
                Some("0100000200000000000000000001000000000000"),
            ),
            ("=ep", Some("01000002ffffffff00000000ff01000000000000")),
            ("=", Some("0000000200000000000000000000000000000000")),
            (
                "CAP_CHOWN=pe cap_chown-e",
                Some("0000000201000000000000000000000000000000"),
            ),
            ("cap_chown=ep cap_kill=p", None),
            ("cap_nonsense=ep", None),
            ("cap_chown=x", None),
            ("cap_chown", None),
        ] {
            let found = attribute(text).map(|value| super::super::digest::hex(&value));
            assert_eq!(found.as_deref(), want, "{text}");
        }
    }
}
