//! Directories in which OpenSSL finds a certificate by the hash of its subject, as
//! `openssl rehash` makes them: links such as `5ad8a5d6.0`.

use std::collections::BTreeSet;

use super::certificate::Certificate;
use crate::root::join;
use crate::{Root, RootError};

/// Makes the link to a file of a directory. Of those whose subjects have one hash, the names say
/// the order of the numbers; one certificate under two names has one link.
pub(super) fn add(root: &mut Root<'_>, folder: &str, file: &str) -> Result<(), RootError> {
    let path = format!("{folder}/{file}");
    // Files with none or several are passed over, as OpenSSL does it.
    let Ok(certificate) = Certificate::only(&root.read(&path)?) else {
        return Ok(());
    };
    let start = format!("{}.", certificate.file_name());
    let mut files = vec![file.as_bytes().to_vec()];
    let links = root.glob(format!("{folder}/{start}[0-9]*"));
    for link in &links {
        if root.is_link(link) {
            files.push(root.readlink(link)?);
        }
    }
    files.sort();
    files.dedup();
    let mut seen: Vec<Certificate> = Vec::new();
    let mut kept = Vec::new();
    for file in files {
        let place = if file.starts_with(b"/") {
            file.clone()
        } else {
            join(folder.as_bytes(), &file)
        };
        let Some(text) = root.read_if_exists(place)? else {
            continue;
        };
        let Ok(found) = Certificate::only(&text) else {
            continue;
        };
        if !seen.contains(&found) {
            seen.push(found);
            kept.push(file);
        }
    }
    for (number, file) in kept.iter().enumerate() {
        root.symlink(file, format!("{folder}/{start}{number}"), true)?;
    }
    for link in links {
        let number = &link[folder.len() + 1 + start.len()..];
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|n| n.parse::<usize>().ok());
        if number.is_some_and(|number| number >= kept.len()) && root.is_link(&link) {
            root.remove(&link)?;
        }
    }
    Ok(())
}

/// Removes files of a directory with the links to them. Others that share their hashes move up.
pub(super) fn remove(
    root: &mut Root<'_>,
    folder: &str,
    files: &[Vec<u8>],
) -> Result<(), RootError> {
    if files.is_empty() {
        return Ok(());
    }
    let mut hashes = BTreeSet::new();
    for link in root.glob(format!("{folder}/*.[0-9]*")) {
        if root.is_link(&link) && files.contains(&root.readlink(&link)?) {
            let name = &link[folder.len() + 1..];
            let hash = name.split(|b| *b == b'.').next().unwrap_or_default();
            hashes.insert(String::from_utf8_lossy(hash).into_owned());
            root.remove(&link)?;
        }
    }
    for file in files {
        root.remove(join(folder.as_bytes(), file))?;
    }
    for path in root.glob(format!("{folder}/*.pem")) {
        let Some(text) = root.read_if_exists(&path)? else {
            continue;
        };
        if let (Ok(found), Ok(file)) = (
            Certificate::only(&text),
            std::str::from_utf8(&path[folder.len() + 1..]),
        ) && hashes.contains(&found.file_name().to_string())
        {
            add(root, folder, file)?;
        }
    }
    Ok(())
}
