//! What a kernel is, told by its bytes: its format, the machine it is for, and its version.
//!
//! Sources: `Documentation/arch/x86/boot.rst`, `arm64/booting.rst` and `riscv/boot-image-header.rst`
//! of Linux, its `drivers/firmware/efi/libstub/zboot-header.S`, and for s390 and arm what `file`
//! looks for.

use std::io::{self, Read as _};

use anyhow::{Context as _, Result, bail};
use fsgen::{Content, Tree};

use crate::architecture;
use crate::source::codec::Codec;

/// How much of a kernel is looked at; the mark of s390 lies at 65544.
const HEAD: usize = 68 << 10;

/// How much of one that is compressed as a whole: more than bzip2's largest block, so that something
/// can be decoded.
const COMPRESSED_HEAD: usize = 1 << 20;

/// What a kernel is.
#[derive(Debug)]
pub(super) struct Kernel {
    /// For people.
    pub format: String,
    /// The machine as `uname -m` names it, where that can be told.
    pub machine: Option<&'static str>,
    /// The version, where the file says it at its start.
    pub version: Option<String>,
}

/// Marks of files that are compressed as a whole, in ways that are not looked through.
const OTHERS: &[(&[u8], &str)] = &[
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x89LZO", "lzo"),
];

/// Looks at the first bytes of a file.
///
/// # Errors
///
/// Fails when it cannot be read, and when it is no kernel.
pub(super) fn recognise(content: &Content, tree: &Tree) -> Result<Kernel> {
    let head = head(content, tree)?;
    if head.is_empty() {
        bail!("is empty; a kernel was expected");
    }
    if let Some(codec) = Codec::recognise_payload(&head) {
        let mut inner = Vec::new();
        // A file that breaks off later has told enough.
        let read = codec
            .serial(&start(content, tree, COMPRESSED_HEAD)?[..])?
            .take(HEAD as u64)
            .read_to_end(&mut inner);
        if inner.is_empty() {
            read.with_context(|| format!("its {codec} data cannot be decoded"))?;
        }
        let Some(mut kernel) = plain(&inner) else {
            bail!(
                "is no kernel of a known kind: its {codec} data begins with {}",
                shown(&inner)
            )
        };
        kernel.format = format!("{}, {codec}", kernel.format);
        return Ok(kernel);
    }
    if let Some((_, name)) = OTHERS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Ok(Kernel {
            format: format!("kernel, {name}"),
            machine: None,
            version: None,
        });
    }
    let Some(kernel) = plain(&head) else {
        bail!(
            "is no kernel of a known kind: it begins with {}",
            shown(&head)
        )
    };
    Ok(kernel)
}

/// Returns the first bytes as messages show them.
fn shown(head: &[u8]) -> impl std::fmt::Display {
    head[..head.len().min(8)].escape_ascii()
}

/// Returns as much of the start of a file as tells what it is.
pub(super) fn head(content: &Content, tree: &Tree) -> io::Result<Vec<u8>> {
    start(content, tree, HEAD)
}

/// Returns the start of a file, `most` bytes of it at most.
fn start(content: &Content, tree: &Tree, most: usize) -> io::Result<Vec<u8>> {
    let len = usize::try_from(content.len()).map_or(most, |len| len.min(most));
    let mut head = vec![0; len];
    content.read_exact_at(tree, &mut head, 0)?;
    Ok(head)
}

/// Returns the version that the start of a kernel for x86 tells.
pub(super) fn version(head: &[u8]) -> Option<String> {
    if !has(head, 0x202, b"HdrS") {
        return None;
    }
    // Where the text is, counted from the second sector.
    let start = usize::from(u16_at(head, 0x20E)?) + 0x200;
    let text = head.get(start..)?;
    let end = text.iter().position(|b| *b == 0 || *b == b' ')?;
    let text = std::str::from_utf8(&text[..end]).ok()?;
    // It becomes a part of file names.
    let is_sign = |b: u8| b.is_ascii_graphic() && b != b'/';
    let is_plain = !text.is_empty() && text.len() < 128 && text.bytes().all(is_sign);
    is_plain.then(|| text.to_owned())
}

/// Recognises a kernel that is not compressed as a whole.
fn plain(head: &[u8]) -> Option<Kernel> {
    let efi = efi_machine(head);
    let known = |format: &str, machine| {
        let stub = if efi.is_some() { ", EFI stub" } else { "" };
        Some(Kernel {
            format: format!("{format}{stub}"),
            machine,
            version: version(head),
        })
    };
    if has(head, 0x202, b"HdrS") && has(head, 0x1FE, b"\x55\xaa") {
        // Since protocol 2.12 (Linux 3.8) a flag says whether it can be entered in 64-bit mode.
        let machine = match u16_at(head, 0x206)? {
            ..0x20C => efi.flatten(),
            _ if u16_at(head, 0x236)? & 1 == 1 => Some("x86_64"),
            _ => Some("x86"),
        };
        return known("bzImage", machine);
    }
    if has(head, 0, b"MZ") && has(head, 4, b"zimg") {
        let packing = head.get(24..56)?.split(|b| *b == 0).next()?;
        return Some(Kernel {
            format: format!("EFI zboot, {}", packing.escape_ascii()),
            machine: efi.flatten(),
            version: None,
        });
    }
    if has(head, 0x38, b"ARM\x64") {
        return known("Image", Some("aarch64"));
    }
    if has(head, 0x38, b"RSC\x05") {
        return known("Image", efi.flatten().or(Some("riscv64")));
    }
    if has(head, 0x38, b"\xcd\x23\x82\x81") && efi.is_some() {
        return known("vmlinux", Some("loongarch64"));
    }
    if has(head, 0x24, b"\x18\x28\x6f\x01") {
        return known("zImage", Some("arm"));
    }
    if has(head, 65544, b"S390EP") {
        return known("s390 boot image", Some("s390x"));
    }
    if head.starts_with(b"\x7FELF") {
        return known("ELF", architecture::of_elf(head));
    }
    None
}

/// Returns the machine of an EFI program; the inner one is nothing for one that is not known.
fn efi_machine(head: &[u8]) -> Option<Option<&'static str>> {
    if !head.starts_with(b"MZ") {
        return None;
    }
    let at = usize::try_from(u32::from_le_bytes(head.get(0x3C..0x40)?.try_into().ok()?)).ok()?;
    if head.get(at..at.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    Some(match u16_at(head, at + 4)? {
        0x014C => Some("x86"),
        0x8664 => Some("x86_64"),
        0x01C0 | 0x01C2 => Some("arm"),
        0xAA64 => Some("aarch64"),
        0x5032 => Some("riscv32"),
        0x5064 => Some("riscv64"),
        0x6264 => Some("loongarch64"),
        _ => None,
    })
}

fn has(head: &[u8], at: usize, mark: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(mark))
}

fn u16_at(head: &[u8], at: usize) -> Option<u16> {
    let bytes = head.get(at..at + 2)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use fsgen::{Meta, Timestamp};

    use super::*;

    /// A head of zeros with some bytes in it.
    fn made(len: usize, marks: &[(usize, &[u8])]) -> Vec<u8> {
        let mut head = vec![0; len];
        for (at, bytes) in marks {
            head[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        head
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
        xz.write_all(bytes).unwrap();
        xz.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        bzip2.write_all(bytes).unwrap();
        bzip2.finish().unwrap()
    }

    #[test]
    fn kinds() {
        let bzimage = |flags: u8| {
            made(
                4096,
                &[
                    (0, b"MZ"),
                    (0x3C, &[0x80]),
                    (0x80, b"PE\0\0\x64\x86"),
                    (0x1FE, b"\x55\xaaXXHdrS\x0f\x02"),
                    (0x20E, &[0x10, 0x04]),
                    (0x236, &[flags]),
                    (0x610, b"6.1.0-18-amd64 (debian) #1"),
                ],
            )
        };
        let mut outside = bzimage(1);
        outside[0x610..0x616].copy_from_slice(b"../etc");
        let arm64 = made(64, &[(0x38, b"ARM\x64")]);
        // The first block of bzip2 alone is larger than what is looked at of others.
        let mut noise = arm64.clone();
        noise.extend((0u32..1 << 18).flat_map(|n| {
            n.wrapping_mul(0x9E37_79B1)
                .rotate_left(n % 31)
                .to_le_bytes()
        }));
        let zboot = made(
            256,
            &[
                (0, b"MZ\0\0zimg"),
                (24, b"zstd22"),
                (0x3C, &[0x80]),
                (0x80, b"PE\0\0\x64\xaa"),
            ],
        );
        let elf = made(64, &[(0, b"\x7FELF\x02\x01"), (18, &[21])]);
        let s390 = made(65550, &[(65544, b"S390EP")]);
        for (bytes, want) in [
            (bzimage(1), "bzImage, EFI stub / x86_64 / 6.1.0-18-amd64"),
            (outside, "bzImage, EFI stub / x86_64 / -"),
            (bzimage(0), "bzImage, EFI stub / x86 / 6.1.0-18-amd64"),
            (arm64.clone(), "Image / aarch64 / -"),
            (gzip(&arm64), "Image, gzip / aarch64 / -"),
            (
                zstd::encode_all(&arm64[..], 0).unwrap(),
                "Image, zstd / aarch64 / -",
            ),
            (xz(&arm64), "Image, xz / aarch64 / -"),
            (bzip2(&noise), "Image, bzip2 / aarch64 / -"),
            (b"\x02\x21\x4c\x18xxxx".to_vec(), "kernel, lz4 / - / -"),
            (
                gzip(b"something"),
                "is no kernel of a known kind: its gzip data begins with somethin",
            ),
            (zboot, "EFI zboot, zstd22 / aarch64 / -"),
            (elf, "ELF / ppc64le / -"),
            (s390, "s390 boot image / s390x / -"),
            (made(64, &[(0x24, b"\x18\x28\x6f\x01")]), "zImage / arm / -"),
            (made(64, &[(0x38, b"RSC\x05")]), "Image / riscv64 / -"),
            (
                b"\x28\xb5\x2f\xfdxxxx".to_vec(),
                "its zstd data cannot be decoded",
            ),
            (Vec::new(), "is empty; a kernel was expected"),
            (
                b"#!/bin/sh\n".to_vec(),
                "is no kernel of a known kind: it begins with #!/bin/s",
            ),
            (b"\x1f\x8b\x08".to_vec(), "its gzip data cannot be decoded"),
            // Cut within what it should have.
            (
                bzimage(1)[..0x20F].to_vec(),
                "is no kernel of a known kind: it begins with MZ\\x00\\x00\\x00\\x00\\x00\\x00",
            ),
        ] {
            let tree = Tree::new(Meta::root(0o755, Timestamp::default()));
            let found = match recognise(&Content::bytes(bytes), &tree) {
                Ok(kernel) => format!(
                    "{} / {} / {}",
                    kernel.format,
                    kernel.machine.unwrap_or("-"),
                    kernel.version.as_deref().unwrap_or("-")
                ),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, want);
        }
    }
}
