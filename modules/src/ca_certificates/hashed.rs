//! Directories in which OpenSSL finds a certificate by the hash of its subject, as
//! `openssl rehash` makes them: links such as `5ad8a5d6.0`.

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
