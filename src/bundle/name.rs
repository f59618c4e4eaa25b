//! Names of images that uploaders take for something else.
//!
//! The uploader of OpenStack's anvil (2012 to 2014, in two versions) tells kernel, ramdisk and root
//! of a bundle by regular expressions on the members' names, and takes the name of the image from
//! that of the archive with all known endings removed, wherever they are. That of Ubuntu's
//! cloud-utils for EC2 (`cloud-publish-tarball`) reads the members' names from what `tar -xv` lists,
//! line by line in a shell, and hands them to a program with options. A name is refused where any of
//! that would go wrong.

use anyhow::{Result, bail};

/// What would be taken for a kernel or a ramdisk anywhere in a name.
const MEMBERS: [&str; 3] = ["vmlinuz", "initrd", "initramfs"];
/// What is removed anywhere in a name; that of an image is not to change.
const ENDINGS: [&str; 7] = [".img", ".qcow2", ".tgz", ".gzip", ".gz", ".bz2", ".tar"];
/// A member with one of these behind its last dot is taken for a checksum.
const CHECKSUMS: [&str; 3] = ["md5", "sha", "sfv"];
/// A member's name has 100 bytes in the header of a tar.
const LONGEST: usize = 100 - "-vmlinuz".len();

/// Checks that uploaders recognise the members of a bundle of this name; files that are not in an
/// archive have no list that could be misread.
///
/// # Errors
///
/// Fails with the reason why they would not.
pub(crate) fn check(name: &str, is_archive: bool) -> Result<()> {
    let lower = name.to_ascii_lowercase();
    let found =
        |words: &[&'static str], text: &str| words.iter().copied().find(|word| text.contains(word));
    let last_part = lower.rsplit_once('.').map_or("", |(_, part)| part);
    let is_odd = |c: char| match is_archive {
        true => c == '\\' || !matches!(c, ' '..='~'),
        false => c.is_control(),
    };
    let why = if name.starts_with('.') {
        "starts with a dot: uploaders skip such members".to_owned()
    } else if name.starts_with('-') {
        "starts with a dash: uploaders would take members for options".to_owned()
    } else if name.starts_with(' ') {
        "starts with a blank, which uploaders cut off".to_owned()
    } else if let Some(word) = found(&MEMBERS, &lower) {
        format!("holds {word:?}: uploaders would take the image for a kernel or a ramdisk")
    } else if let Some(word) = found(&ENDINGS, &lower) {
        format!("holds {word:?}, which uploaders cut out of the name of the image")
    } else if let Some(word) = found(&CHECKSUMS, last_part) {
        format!("holds {word:?} after its last dot: uploaders would take members for checksums")
    } else if let Some(letter) = name.chars().find(|c| is_odd(*c)) {
        format!(
            "holds {letter:?}, which tar lists as an escape: uploaders would not find the members"
        )
    } else if name.len() > LONGEST {
        format!(
            "has {} bytes; the members of a bundle leave it {LONGEST}",
            name.len()
        )
    } else {
        return Ok(());
    };
    bail!("-x: the name {name:?} {why}; choose another with -o or `name:`")
}
