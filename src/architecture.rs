//! Which machine a root filesystem is made for, told by the programs in it.
//!
//! The type of a root partition says it (Discoverable Partitions Specification), and it must
//! depend on the image, not on the machine that builds it.

use fsgen::{Kind, Tree};

use crate::reader::{Reader, resolve};

/// Programs that nearly every root filesystem has one of.
const PROGRAMS: [&str; 6] = [
    "/bin/sh",
    "/sbin/init",
    "/usr/lib/systemd/systemd",
    "/bin/bash",
    "/bin/busybox",
    "/usr/bin/env",
];

/// What is taken when the tree does not tell.
const DEFAULT: &str = "x86_64";

/// `e_machine` of the ELF header, and whether the file is 64-bit and big-endian.
const MACHINES: [(u16, bool, bool, &str); 14] = [
    (3, false, false, "x86"),
    (8, false, false, "mipsel"),
    (8, true, false, "mips64el"),
    (20, false, true, "ppc"),
    (21, true, false, "ppc64le"),
    (21, true, true, "ppc64"),
    (22, false, true, "s390"),
    (22, true, true, "s390x"),
    (40, false, false, "arm"),
    (62, true, false, "x86_64"),
    (183, true, false, "aarch64"),
    (243, false, false, "riscv32"),
    (243, true, false, "riscv64"),
    (258, true, false, "loongarch64"),
];

/// Returns the architecture of a tree, as `uname -m` would name it there; where that does not tell
/// the order of bytes, as Debian does.
pub(crate) fn of(tree: &Tree) -> &'static str {
    told(tree).unwrap_or(DEFAULT)
}

/// Returns the architecture of a tree, if its programs tell.
pub(crate) fn told(tree: &Tree) -> Option<&'static str> {
    programs(tree).next().map(|(_, machine)| machine)
}

/// Returns the programs of a tree that tell, and the architecture of each.
pub(crate) fn programs(tree: &Tree) -> impl Iterator<Item = (&'static str, &'static str)> {
    let programs = PROGRAMS.into_iter();
    programs.filter_map(|path| Some((path, machine(tree, path)?)))
}

/// Returns the architecture of a filesystem that is looked into, if its programs tell.
pub(crate) fn of_reader(reader: &dyn Reader) -> Option<&'static str> {
    let mut found = PROGRAMS.iter().filter_map(|path| {
        let id = resolve(reader, path.as_bytes()).ok()?;
        let mut header = [0; 20];
        reader.read_exact_at(id, &mut header, 0).ok()?;
        of_elf(&header)
    });
    found.next()
}

/// Names of architectures where containers have others (Go: `GOARCH`).
const OF_CONTAINERS: [(&str, &str); 6] = [
    ("x86_64", "amd64"),
    ("aarch64", "arm64"),
    ("x86", "386"),
    ("loongarch64", "loong64"),
    ("mipsel", "mipsle"),
    ("mips64el", "mips64le"),
];

/// Returns whether a machine's kernels run programs of another: those of its forerunners, too. Of
/// PowerPC and MIPS, kernels for 64 bits may come in files for 32.
pub(crate) fn runs(machine: &str, programs: &str) -> bool {
    machine == programs
        || matches!(
            (machine, programs),
            ("x86_64", "x86")
                | ("aarch64", "arm")
                | ("mips64el", "mipsel")
                | ("mipsel", "mips64el")
                | ("ppc64", "ppc")
                | ("ppc", "ppc64")
                | ("s390x", "s390")
        )
}

/// Returns what container images call an architecture.
pub(crate) fn of_containers(machine: &str) -> &str {
    let known = OF_CONTAINERS.iter().find(|(ours, _)| *ours == machine);
    known.map_or(machine, |(_, theirs)| theirs)
}

/// Returns how we call an architecture of container images.
pub(crate) fn of_image(theirs: &str) -> &str {
    let known = OF_CONTAINERS.iter().find(|(_, name)| *name == theirs);
    known.map_or(theirs, |(ours, _)| ours)
}

fn machine(tree: &Tree, path: &str) -> Option<&'static str> {
    let id = tree.resolve(path.as_bytes()).ok()?;
    let Kind::File(content) = &tree.node(id).kind else {
        return None;
    };
    let mut header = [0; 20];
    content.read_exact_at(tree, &mut header, 0).ok()?;
    of_elf(&header)
}

/// Returns the architecture of an ELF file, by its first 20 bytes.
pub(crate) fn of_elf(header: &[u8]) -> Option<&'static str> {
    let header = header.first_chunk::<20>()?;
    if !header.starts_with(b"\x7FELF") {
        return None;
    }
    let is_64_bit = header[4] == 2;
    let is_big_endian = header[5] == 2;
    let number = [header[18], header[19]];
    let number = if is_big_endian {
        u16::from_be_bytes(number)
    } else {
        u16::from_le_bytes(number)
    };
    MACHINES
        .into_iter()
        .find(|(n, bits, endian, _)| (*n, *bits, *endian) == (number, is_64_bit, is_big_endian))
        .map(|(_, _, _, name)| name)
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp};

    use super::*;

    #[test]
    fn the_programs_tell() {
        let elf = |class: u8, data: u8, machine: [u8; 2]| {
            let mut header = b"\x7FELF".to_vec();
            header.extend([class, data]);
            header.resize(18, 0);
            header.extend(machine);
            header
        };
        for (program, want) in [
            (elf(2, 1, [62, 0]), "x86_64"),
            (elf(2, 1, [183, 0]), "aarch64"),
            (elf(2, 2, [0, 22]), "s390x"),
            (elf(1, 1, [8, 0]), "mipsel"),
            (elf(2, 2, [0, 21]), "ppc64"),
            (elf(1, 1, [40, 0]), "arm"),
            (b"#!/bin/busybox sh\n--".to_vec(), DEFAULT),
            (Vec::new(), DEFAULT),
        ] {
            let meta = Meta::root(0o755, Timestamp::from_secs(0));
            let mut tree = Tree::new(meta);
            let bin = tree.make_directories(b"/usr/bin", meta).unwrap();
            let file = tree.add_file(meta, Content::bytes(program));
            tree.link(bin, b"dash", file);
            let link = tree.add_symlink(meta, b"dash");
            tree.link(bin, b"sh", link);
            let link = tree.add_symlink(meta, b"usr/bin");
            tree.link(Tree::ROOT, b"bin", link);
            assert_eq!(of(&tree), want);
        }
    }

    #[test]
    fn kernels_run_programs_of_forerunners() {
        for (machine, programs, want) in [
            ("x86_64", "x86", true),
            ("x86", "x86_64", false),
            ("aarch64", "arm", true),
            ("aarch64", "x86_64", false),
            ("ppc", "ppc64", true),
            ("ppc64", "ppc64le", false),
            ("mipsel", "mips64el", true),
            ("s390", "s390x", false),
        ] {
            assert_eq!(runs(machine, programs), want, "{machine} {programs}");
        }
    }
}
