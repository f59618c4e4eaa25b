//! Directories in which OpenSSL finds a certificate by the hash of its subject: links such as
//! `5ad8a5d6.0`, made as `openssl rehash` makes them. Those to lists of what is revoked, such as
//! `5ad8a5d6.r0`, stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::Certificate;
use crate::root::join;
use crate::{Root, RootError};

/// The endings of the files that are looked at.
const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "crl"];

/// A file with a certificate, or what a link leads to.
struct Entry {
    file: Vec<u8>,
    /// The number of the link that is there.
    old: Option<usize>,
    /// Its certificate, if the file has one that no other has.
    certificate: Option<Certificate>,
}

/// Makes the links of a directory anew: those that lead to what they should stay, others go. Of two
/// files with one certificate, the first by name gets a link. `hashes`, where given, are those that
/// are looked at.
pub(super) fn rehash(
    root: &mut Root<'_>,
    folder: &str,
    hashes: Option<&BTreeSet<u32>>,
) -> Result<(), RootError> {
    let is_asked = |hash: u32| hashes.is_none_or(|hashes| hashes.contains(&hash));
    let mut buckets: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
    for name in root.list(folder)? {
        let path = join(folder.as_bytes(), &name);
        if root.is_link(&path)
            && let Some((hash, number)) = link(&name)
        {
            let target = root.readlink(&path)?;
            if is_asked(hash) {
                let entry = entry(buckets.entry(hash).or_default(), target);
                entry.old = Some(entry.old.map_or(number, |old| old.min(number)));
            }
        } else if let Some(found) = certificate(root, &path)?
            && is_asked(found.content.hash)
        {
            let entries = buckets.entry(found.content.hash).or_default();
            let is_known = |entry: &Entry| entry.certificate.as_ref() == Some(&found);
            if !entries.iter().any(is_known) {
                entry(entries, name).certificate = Some(found);
            }
        }
    }
    for (hash, entries) in &buckets {
        let path = |number: usize| format!("{folder}/{hash:08x}.{number}");
        let has_certificate = |entry: &&Entry| entry.certificate.is_some();
        let count = entries.iter().filter(has_certificate).count();
        let kept = entries.iter().filter_map(|entry| entry.old);
        let kept: BTreeSet<_> = kept.filter(|old| *old < count).collect();
        let is_kept = |entry: &Entry| entry.old.is_some_and(|old| kept.contains(&old));
        for entry in entries.iter().filter(|entry| !has_certificate(entry)) {
            // It may be there under the same number in other letters only, which stays.
            if let Some(old) = entry.old.filter(|old| *old >= count)
                && root.is_link(path(old))
            {
                root.remove(path(old))?;
            }
        }
        let mut free = (0..).filter(|number| !kept.contains(number));
        for entry in entries.iter().filter(has_certificate) {
            if !is_kept(entry)
                && let Some(number) = free.next()
            {
                root.symlink(&entry.file, path(number), true)?;
            }
        }
    }
    Ok(())
}

/// Returns the hashes of the links to a file.
pub(super) fn hashes_of(
    root: &Root<'_>,
    folder: &str,
    file: &str,
) -> Result<BTreeSet<u32>, RootError> {
    let mut hashes = BTreeSet::new();
    for name in root.list(folder)? {
        let path = join(folder.as_bytes(), &name);
        if let Some((hash, _)) = link(&name)
            && root.is_link(&path)
            && root.readlink(&path)? == file.as_bytes()
        {
            hashes.insert(hash);
        }
    }
    Ok(hashes)
}

fn entry(entries: &mut Vec<Entry>, file: Vec<u8>) -> &mut Entry {
    let at = entries.iter().position(|entry| entry.file == file);
    let at = at.unwrap_or_else(|| {
        entries.push(Entry {
            file,
            old: None,
            certificate: None,
        });
        entries.len() - 1
    });
    &mut entries[at]
}

/// Returns the hash and the number of a link's name; nothing for those to lists of what is revoked.
fn link(name: &[u8]) -> Option<(u32, usize)> {
    let name = std::str::from_utf8(name).ok()?;
    let (hash, number) = name.split_once('.')?;
    let is_hash = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let hash = u32::from_str_radix(hash, 16).ok()?;
    Some((hash, number.parse().ok()?)).filter(|_| is_hash && is_number)
}

/// Returns the one certificate of a file with a known ending; files with several are passed over.
fn certificate(root: &Root<'_>, path: &[u8]) -> Result<Option<Certificate>, RootError> {
    let ending = path.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let mut endings = ENDINGS.iter();
    let is_known = endings.any(|known| known.as_bytes().eq_ignore_ascii_case(ending));
    if !is_known || !root.is_file(path) {
        return Ok(None);
    }
    Ok(Certificate::of_openssl(&root.read(path)?).ok())
}
