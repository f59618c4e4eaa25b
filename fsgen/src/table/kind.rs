//! Partition types: what a partition is for, as names, GUIDs and MBR bytes.
//!
//! Names are those of systemd-repart. GUIDs: the Discoverable Partitions Specification (UAPI.2)
//! and the UEFI specification.

use std::fmt;

use thiserror::Error;
use uuid::{Uuid, uuid};

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionType {
    guid: Option<Uuid>,
    mbr: Option<u8>,
}

/// Why a text or byte names no partition type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TypeError {
    /// Nothing has this name.
    #[error("unknown partition type {0:?}; use a name such as linux-generic, a GUID or 0x83")]
    Unknown(String),
    /// The architecture has no root or usr type here.
    #[error("no {name} partition type for architecture {architecture:?}; {choices}", choices = architectures())]
    Architecture {
        /// `root` or `usr`.
        name: String,
        /// The architecture asked for.
        architecture: String,
    },
    /// The byte marks something else than a partition of one's own.
    #[error("MBR type {0:#04x} marks an empty, extended or protective entry, not a partition")]
    NotAPartition(u8),
}

impl PartitionType {
    /// Returns the type that a text stands for: a name, a GUID, or an MBR byte as `0x83`.
    ///
    /// `root` and `usr` mean those of `architecture`, which can be what Rust, `uname -m` or
    /// Debian call it.
    ///
    /// # Errors
    ///
    /// Fails when it stands for nothing.
    pub fn parse(text: &str, architecture: &str) -> Result<Self, TypeError> {
        if let Some(known) = KNOWN.iter().find(|known| known.name == text) {
            return Ok(known.kind());
        }
        if text == "root" || text == "usr" {
            let suffix = ARCHITECTURES
                .iter()
                .find(|(_, aliases)| aliases.contains(&architecture))
                .map(|(suffix, _)| *suffix);
            return suffix
                .and_then(|suffix| {
                    let mut known = KNOWN.iter();
                    known.find(|known| known.name == format!("{text}-{suffix}"))
                })
                .map(Known::kind)
                .ok_or_else(|| TypeError::Architecture {
                    name: text.to_owned(),
                    architecture: architecture.to_owned(),
                });
        }
        if let Some(digits) = text.strip_prefix("0x")
            && let Ok(byte) = u8::from_str_radix(digits, 16)
        {
            return Self::from_mbr(byte);
        }
        match Uuid::parse_str(text) {
            Ok(guid) if !guid.is_nil() => Ok(Self::from_guid(guid)),
            _ => Err(TypeError::Unknown(text.to_owned())),
        }
    }

    /// Returns the type with this GUID; it has an MBR byte too when it is one that has a name.
    pub fn from_guid(guid: Uuid) -> Self {
        let known = KNOWN.iter().find(|known| known.guid == guid);
        known.map_or(
            Self {
                guid: Some(guid),
                mbr: None,
            },
            Known::kind,
        )
    }

    /// Returns the type with this byte, which a GPT has no form of.
    ///
    /// # Errors
    ///
    /// Fails on the bytes of empty, extended and protective entries.
    pub fn from_mbr(byte: u8) -> Result<Self, TypeError> {
        match byte {
            0x00 | 0x05 | 0x0F | 0x85 | 0xEE => Err(TypeError::NotAPartition(byte)),
            _ => Ok(Self {
                guid: None,
                mbr: Some(byte),
            }),
        }
    }

    /// Returns its GUID, for GPT.
    pub fn guid(&self) -> Option<Uuid> {
        self.guid
    }

    /// Returns its byte, for MBR.
    pub fn mbr(&self) -> Option<u8> {
        self.mbr
    }

    /// Returns its name, when it has one.
    pub fn name(&self) -> Option<&'static str> {
        let known = KNOWN.iter().find(|known| Some(known.guid) == self.guid);
        known.map(|known| known.name)
    }

    /// Returns all names, in alphabetical order: `root` and `usr` among them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let mut names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        names.extend(["root", "usr"]);
        names.sort_unstable();
        names.into_iter()
    }
}

impl fmt::Display for PartitionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.guid, self.mbr) {
            (Some(name), ..) => f.write_str(name),
            (None, Some(guid), _) => write!(f, "{guid}"),
            (None, None, byte) => write!(f, "{:#04x}", byte.unwrap_or_default()),
        }
    }
}

/// The end of an architecture's type names, and all that the architecture is called.
const ARCHITECTURES: &[(&str, &[&str])] = &[
    ("arm", &["arm", "armv7l", "armhf", "armel"]),
    ("arm64", &["aarch64", "arm64"]),
    ("loongarch64", &["loongarch64", "loong64"]),
    ("mips-le", &["mipsel"]),
    ("mips64-le", &["mips64el"]),
    ("ppc", &["ppc", "powerpc"]),
    ("ppc64", &["ppc64", "powerpc64"]),
    ("ppc64-le", &["ppc64le", "powerpc64le", "ppc64el"]),
    ("riscv32", &["riscv32"]),
    ("riscv64", &["riscv64", "riscv64gc"]),
    ("s390", &["s390"]),
    ("s390x", &["s390x"]),
    ("x86", &["x86", "i386", "i486", "i586", "i686"]),
    ("x86-64", &["x86_64", "amd64"]),
];

fn architectures() -> String {
    let names: Vec<_> = ARCHITECTURES
        .iter()
        .map(|(_, aliases)| aliases[0])
        .collect();
    format!("known are {}", names.join(", "))
}

struct Known {
    name: &'static str,
    guid: Uuid,
    /// Nothing where an MBR has no use for it.
    mbr: Option<u8>,
}

impl Known {
    fn kind(&self) -> PartitionType {
        PartitionType {
            guid: Some(self.guid),
            mbr: self.mbr,
        }
    }
}

const fn known(name: &'static str, guid: Uuid, mbr: Option<u8>) -> Known {
    Known { name, guid, mbr }
}

/// Any filesystem of Linux.
const LINUX: Option<u8> = Some(0x83);

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    known("bios-boot", uuid!("21686148-6449-6e6f-744e-656564454649"), None),
    known("esp", uuid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"), Some(0xEF)),
    known("home", uuid!("933ac7e1-2eb4-4f13-b844-0e14e2aef915"), LINUX),
    known("linux-generic", uuid!("0fc63daf-8483-4772-8e79-3d69d8477de4"), LINUX),
    known("linux-luks", uuid!("ca7d7ccb-63ed-4c53-861c-1742536059cc"), LINUX),
    known("linux-lvm", uuid!("e6d6d379-f507-44c2-a23c-238f2a3df928"), Some(0x8E)),
    known("linux-raid", uuid!("a19d880f-05fc-4d3b-a006-743f0f84911e"), Some(0xFD)),
    known("microsoft-basic", uuid!("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"), Some(0x07)),
    known("microsoft-reserved", uuid!("e3c9e316-0b5c-4db8-817d-f92df00215ae"), None),
    known("root-arm", uuid!("69dad710-2ce4-4e3c-b16c-21a1d49abed3"), LINUX),
    known("root-arm64", uuid!("b921b045-1df0-41c3-af44-4c6f280d3fae"), LINUX),
    known("root-loongarch64", uuid!("77055800-792c-4f94-b39a-98c91b762bb6"), LINUX),
    known("root-mips-le", uuid!("37c58c8a-d913-4156-a25f-48b1b64e07f0"), LINUX),
    known("root-mips64-le", uuid!("700bda43-7a34-4507-b179-eeb93d7a7ca3"), LINUX),
    known("root-ppc", uuid!("1de3f1ef-fa98-47b5-8dcd-4a860a654d78"), LINUX),
    known("root-ppc64", uuid!("912ade1d-a839-4913-8964-a10eee08fbd2"), LINUX),
    known("root-ppc64-le", uuid!("c31c45e6-3f39-412e-80fb-4809c4980599"), LINUX),
    known("root-riscv32", uuid!("60d5a7fe-8e7d-435c-b714-3dd8162144e1"), LINUX),
    known("root-riscv64", uuid!("72ec70a6-cf74-40e6-bd49-4bda08e8f224"), LINUX),
    known("root-s390", uuid!("08a7acea-624c-4a20-91e8-6e0fa67d23f9"), LINUX),
    known("root-s390x", uuid!("5eead9a9-fe09-4a1e-a1d7-520d00531306"), LINUX),
    known("root-x86", uuid!("44479540-f297-41b2-9af7-d131d5f0458a"), LINUX),
    known("root-x86-64", uuid!("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"), LINUX),
    known("srv", uuid!("3b8f8425-20e0-4f3b-907f-1a25a76f98e8"), LINUX),
    known("swap", uuid!("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"), Some(0x82)),
    known("tmp", uuid!("7ec6f557-3bc5-4aca-b293-16ef5df639d1"), LINUX),
    known("user-home", uuid!("773f91ef-66d4-49b5-bd83-d683bf40ad16"), LINUX),
    known("usr-arm", uuid!("7d0359a3-02b3-4f0a-865c-654403e70625"), LINUX),
    known("usr-arm64", uuid!("b0e01050-ee5f-4390-949a-9101b17104e9"), LINUX),
    known("usr-loongarch64", uuid!("e611c702-575c-4cbe-9a46-434fa0bf7e3f"), LINUX),
    known("usr-mips-le", uuid!("0f4868e9-9952-4706-979f-3ed3a473e947"), LINUX),
    known("usr-mips64-le", uuid!("c97c1f32-ba06-40b4-9f22-236061b08aa8"), LINUX),
    known("usr-ppc", uuid!("7d14fec5-cc71-415d-9d6c-06bf0b3c3eaf"), LINUX),
    known("usr-ppc64", uuid!("2c9739e2-f068-46b3-9fd0-01c5a9afbcca"), LINUX),
    known("usr-ppc64-le", uuid!("15bb03af-77e7-4d4a-b12b-c0d084f7491c"), LINUX),
    known("usr-riscv32", uuid!("b933fb22-5c3f-4f91-af90-e2bb0fa50702"), LINUX),
    known("usr-riscv64", uuid!("beaec34b-8442-439b-a40b-984381ed097d"), LINUX),
    known("usr-s390", uuid!("cd0f869b-d0fb-4ca0-b141-9ea87cc78d66"), LINUX),
    known("usr-s390x", uuid!("8a4f5770-50aa-4ed3-874a-99b710db6fea"), LINUX),
    known("usr-x86", uuid!("75250d76-8cc6-458e-bd66-bd47cc81a812"), LINUX),
    known("usr-x86-64", uuid!("8484680c-9521-48c6-9c11-b0720656f69e"), LINUX),
    known("var", uuid!("4d21b016-b534-45c2-a9fb-5c16e091fd2d"), LINUX),
    known("xbootldr", uuid!("bc13c2ff-59e6-4262-a352-b275fd6f7172"), Some(0xEA)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for known in KNOWN {
            assert_eq!(known.kind().name(), Some(known.name));
        }
    }

    #[test]
    fn texts() {
        let lvm = "E6D6D379-F507-44C2-A23C-238F2A3DF928";
        let own = "11111111-2222-3333-4444-555555555555";
        for (text, architecture, want) in [
            ("esp", "", "esp"),
            ("root", "x86_64", "root-x86-64"),
            ("root", "aarch64", "root-arm64"),
            ("root", "i686", "root-x86"),
            ("usr", "ppc64el", "usr-ppc64-le"),
            ("root-arm64", "x86_64", "root-arm64"),
            (lvm, "", "linux-lvm"),
            (own, "", own),
            ("0x0c", "", "0x0c"),
            ("0xC", "", "0x0c"),
        ] {
            let kind = PartitionType::parse(text, architecture).unwrap();
            assert_eq!(kind.to_string(), want, "{text}");
        }
    }

    #[test]
    fn every_architecture_has_both_types() {
        for (_, aliases) in ARCHITECTURES {
            for name in ["root", "usr"] {
                PartitionType::parse(name, aliases[0]).unwrap();
            }
        }
    }

    #[test]
    fn texts_that_name_no_type() {
        let unknown = |text: &str| TypeError::Unknown(text.to_owned());
        for (text, want) in [
            ("", unknown("")),
            ("ESP", unknown("ESP")),
            ("83", unknown("83")),
            ("0x", unknown("0x")),
            ("0x100", unknown("0x100")),
            (
                "00000000-0000-0000-0000-000000000000",
                unknown("00000000-0000-0000-0000-000000000000"),
            ),
            ("0x05", TypeError::NotAPartition(5)),
            ("0xee", TypeError::NotAPartition(0xEE)),
            (
                "root",
                TypeError::Architecture {
                    name: "root".to_owned(),
                    architecture: "z80".to_owned(),
                },
            ),
        ] {
            assert_eq!(PartitionType::parse(text, "z80"), Err(want), "{text}");
        }
    }
}
