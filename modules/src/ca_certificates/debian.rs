//! The store of Debian and Ubuntu: update-ca-certificates(8), step by step.

use std::collections::BTreeMap;

use super::{Added, hashed, warn_of_rest};
use crate::root::show;
use crate::{Root, RootError, installed};

const CONF: &str = "/etc/ca-certificates.conf";
const VENDOR: &str = "/usr/share/ca-certificates";
const LOCAL: &str = "/usr/local/share/ca-certificates";
const CERTS: &str = "/etc/ssl/certs";
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
const HOOKS: &str = "/etc/ca-certificates/update.d";

pub(super) fn is_used(root: &Root<'_>) -> bool {
    root.is_file(CONF) && !installed::musl(root)
}

pub(super) fn write(root: &mut Root<'_>, added: &[Added]) -> Result<(), RootError> {
    root.mkdir_all(LOCAL, 0o755)?;
    root.mkdir_all(CERTS, 0o755)?;
    for Added { name, text, .. } in added {
        root.write(format!("{LOCAL}/{name}.crt"), text)?;
    }
    let mut bundle = Vec::new();
    // Of two certificates with one name, the last has the link.
    let mut links = BTreeMap::new();
    for path in trusted(root)? {
        let text = root.read(&path)?;
        let is_open = text.last().is_some_and(|last| *last != b'\n');
        bundle.extend(text);
        bundle.extend(is_open.then_some(b'\n'));
        links.insert(link(&path), path);
    }
    let mut is_changed = unlink(root, &links)?;
    for (link, path) in links {
        if !root.is_link(&link) || root.readlink(&link)? != path {
            root.symlink(path, &link, true)?;
            is_changed = true;
        }
    }
    if is_changed {
        for path in root.walk(CERTS)? {
            if root.is_link(&path) && !root.exists(&path) {
                root.remove(&path)?;
            }
        }
        hashed::rehash(root, CERTS, None)?;
    }
    root.write(BUNDLE, bundle)?;
    for hook in root.glob(format!("{HOOKS}/*")) {
        root.warn(format!(
            "{} is not run: it wants to know of new certificates",
            show(&hook)
        ));
    }
    warn_of_rest(
        root,
        &["/etc/ssl/certs/java/cacerts"],
        "update-ca-certificates -f",
    );
    Ok(())
}

/// Takes out the links to certificates that the list turns off, but those that others have; returns
/// whether there were any.
fn unlink(root: &mut Root<'_>, links: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<bool, RootError> {
    let mut is_changed = false;
    for line in root.lines(CONF)? {
        let Some(path) = line.strip_prefix(b"!") else {
            continue;
        };
        let link = [CERTS.as_bytes(), b"/", stem(path.trim_ascii()), b".pem"].concat();
        if root.is_link(&link) && !links.contains_key(&link) {
            root.remove(&link)?;
            is_changed = true;
        }
    }
    Ok(is_changed)
}

/// Returns the name of a file without its ending.
fn stem(path: &[u8]) -> &[u8] {
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    file.strip_suffix(b".crt").unwrap_or(file)
}

/// Returns the files of all certificates in the order of the bundle: the vendor's that the list
/// has, then the additions by name.
fn trusted(root: &mut Root<'_>) -> Result<Vec<Vec<u8>>, RootError> {
    let mut paths = Vec::new();
    for line in root.lines(CONF)? {
        if line.starts_with(b"#") || line.starts_with(b"!") || line.trim_ascii().is_empty() {
            continue;
        }
        // The program reads a line without the blanks at its ends.
        let path = [VENDOR.as_bytes(), b"/", line.trim_ascii()].concat();
        if root.is_file(&path) {
            paths.push(path);
        } else {
            root.warn(format!("{} is not there, but {CONF} lists it", show(&path)));
        }
    }
    let mut local = root.walk(LOCAL)?;
    local.retain(|path| path.ends_with(b".crt") && root.is_file(path));
    local.sort();
    paths.extend(local);
    Ok(paths)
}

/// Returns the link to a certificate in the directory that programs look into.
fn link(path: &[u8]) -> Vec<u8> {
    let name = stem(path).iter().map(|b| match b {
        b' ' | b',' => b'_',
        b'(' | b')' => b'=',
        other => *other,
    });
    let name: Vec<u8> = name.collect();
    [CERTS.as_bytes(), b"/", &name, b".pem"].concat()
}
