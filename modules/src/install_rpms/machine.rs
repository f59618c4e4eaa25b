//! Which machine the image is for, and whether packages are for it.

use super::candidate::Candidate;
use crate::value::ValueError;
use crate::{Root, RootError};

/// Programs and libraries of which nearly every root filesystem has one.
const PROGRAMS: [&str; 6] = [
    "/bin/sh",
    "/sbin/init",
    "/usr/lib/systemd/systemd",
    "/bin/bash",
    "/usr/bin/env",
    "/lib64/libc.so.6",
];

/// A machine: `e_machine` of its ELF files, and what rpm calls it.
pub(super) struct Machine {
    number: u16,
    /// The architectures whose packages it runs, itself first.
    arches: &'static [&'static str],
    /// `%_transaction_color`: 1 for 32-bit programs, 2 for 64-bit ones, 3 for both.
    pub(super) color: u32,
}

impl Machine {
    /// Returns how far an architecture is from the machine's own, of those that it runs; 0 is that
    /// itself, or none.
    pub(super) fn distance(&self, arch: &str) -> usize {
        self.arches.iter().position(|own| *own == arch).unwrap_or(0)
    }

    /// Returns whether it runs packages of an architecture.
    pub(super) fn runs(&self, arch: &str) -> bool {
        self.arches.contains(&arch)
    }
}

const MACHINES: [Machine; 9] = [
    Machine {
        number: 62,
        arches: &[
            "x86_64",
            "x86_64_v2",
            "x86_64_v3",
            "x86_64_v4",
            "amd64",
            "ia32e",
            "athlon",
            "i686",
            "i586",
            "i486",
            "i386",
        ],
        color: 3,
    },
    Machine {
        number: 3,
        arches: &[
            "i686", "athlon", "geode", "pentium3", "pentium4", "i586", "i486", "i386",
        ],
        color: 0,
    },
    Machine {
        number: 183,
        arches: &["aarch64"],
        color: 0,
    },
    Machine {
        number: 40,
        arches: &[
            "armv7hl", "armv7hnl", "armv7l", "armv6hl", "armv6l", "armv5tel", "armv5tl",
        ],
        color: 0,
    },
    Machine {
        number: 21,
        arches: &["ppc64le", "ppc64"],
        color: 3,
    },
    Machine {
        number: 22,
        arches: &["s390x", "s390"],
        color: 3,
    },
    Machine {
        number: 243,
        arches: &["riscv64"],
        color: 0,
    },
    Machine {
        number: 258,
        arches: &["loongarch64"],
        color: 0,
    },
    Machine {
        number: 8,
        arches: &["mips64el", "mips64", "mipsel", "mips"],
        color: 3,
    },
];

/// Checks that all packages are for the image's machine, and returns that, if anything tells which it
/// is. An image without any program is for the machine of the packages.
pub(super) fn check(
    root: &Root<'_>,
    candidates: &[Candidate],
) -> Result<Option<&'static Machine>, ValueError> {
    let image = PROGRAMS
        .iter()
        .find_map(|path| machine_of(root, path).ok()?);
    let mut told_by = image.map(|machine| (machine, "the image".to_owned()));
    for candidate in candidates {
        let arch = &*candidate.package.identity.arch;
        if arch == "noarch" {
            continue;
        }
        match &told_by {
            Some((machine, _)) if machine.runs(arch) => {}
            Some((machine, who)) => {
                let own = machine.arches[0];
                let message = format!("it is for {arch}, but {who} is for {own}");
                return Err(candidate.error(message));
            }
            None => {
                let machine = MACHINES.iter().find(|machine| machine.runs(arch));
                let machine = machine.ok_or_else(|| {
                    candidate.error(format!("the architecture {arch:?} is not known"))
                })?;
                told_by = Some((machine, candidate.file.name.clone()));
            }
        }
    }
    Ok(told_by.map(|(machine, _)| machine))
}

/// Returns the machine of a program, by the start of its file.
fn machine_of(root: &Root<'_>, path: &str) -> Result<Option<&'static Machine>, RootError> {
    let head = root.read_start(path, 20)?;
    let [b'\x7f', b'E', b'L', b'F', _, order, ..] = *head else {
        return Ok(None);
    };
    let Some(number) = head.get(18..20).and_then(|bytes| bytes.try_into().ok()) else {
        return Ok(None);
    };
    let number = match order {
        2 => u16::from_be_bytes(number),
        _ => u16::from_le_bytes(number),
    };
    Ok(MACHINES.iter().find(|machine| machine.number == number))
}
