//! Files and folders as p11-kit leaves them: nobody may write to them. One folder has a file for each
//! certificate, and links to it by hash.

use std::collections::{HashMap, HashSet};

use super::store::Found;
use super::{EXTRACTED, Stop, pem};
use crate::root::join;
use crate::{Root, RootError};

/// Where it is, from the folder of all bundles.
pub(super) const PATH: &str = "pem/directory-hash";

/// Where new versions of `update-ca-trust` put links to it as well.
pub(super) const ELSEWHERE: &str = "/etc/pki/tls/certs";

/// How long a name may be, with the signs that p11-kit puts behind it at first.
const LONGEST: usize = 255 - ".XXXXXX".len();

/// Puts a new file into the place of whatever is there.
pub(super) fn replace(root: &mut Root<'_>, path: &str, content: Vec<u8>) -> Result<(), Stop> {
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    if !root.is_dir(folder) {
        return Err(format!("{folder} is not there").into());
    }
    if root.lstat(path).is_ok() {
        let is_file = root.is_file(path) && !root.is_link(path);
        if is_file && root.read(path)? == content && root.stat(path)?.meta.mode & 0o7777 == 0o444 {
            return Ok(());
        }
        if !root.is_link(path) && root.is_dir(path) {
            return Err(format!("{path} is a folder").into());
        }
        root.remove(path)?;
    }
    root.write(path, content)?;
    root.chmod(path, 0o444)?;
    Ok(())
}

/// Fills the folder with certificates, and takes other files away.
pub(super) fn write(root: &mut Root<'_>, folder: &str, all: &[Found<'_>]) -> Result<(), Stop> {
    if !root.is_dir(folder) {
        let above = folder.rsplit_once('/').map_or("/", |(above, _)| above);
        if root.lstat(folder).is_ok() || !root.is_dir(above) {
            return Err(format!("{folder} cannot be made").into());
        }
        root.mkdir(folder, 0o555)?;
    }
    let mut names = Names::default();
    for found in all {
        let label: String = found.label().iter().map(|byte| safe(*byte)).collect();
        let file = names.take(&label, Some("pem"));
        if file.len() > LONGEST {
            return Err(format!("the name {file} is longer than {LONGEST} signs").into());
        }
        let content = pem::write("CERTIFICATE", &found.certificate.der);
        replace(root, &format!("{folder}/{file}"), content.into_bytes())?;
        for hash in &found.certificate.name.hashes {
            let link = names.take(&format!("{hash:08x}"), None);
            root.symlink(file.as_str(), format!("{folder}/{link}"), true)?;
        }
    }
    // Links that lead nowhere stay, as with p11-kit, and so do folders.
    let is_old = |root: &Root<'_>, path: &[u8]| root.exists(path) && !root.is_dir(path);
    let mut old = Vec::new();
    for name in root.list(folder)? {
        let path = join(folder.as_bytes(), &name);
        let is_known = std::str::from_utf8(&name).is_ok_and(|name| names.taken.contains(name));
        if !is_known && is_old(root, &path) {
            old.push(path);
        }
    }
    for path in old {
        root.remove(path)?;
    }
    root.chmod(folder, 0o555)?;
    Ok(())
}

/// Returns what stands for a byte of a label in the name of a file.
fn safe(byte: u8) -> char {
    match byte {
        b'.' | b'-' | b'_' => char::from(byte),
        byte if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '_',
    }
}

/// The names that are taken.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// How many tries each took so far.
    tries: HashMap<String, usize>,
}

impl Names {
    /// Takes a free one: with an ending, `a.pem` and then `a.1.pem`, and without, `a.0` and `a.1`.
    fn take(&mut self, bare: &str, ending: Option<&str>) -> String {
        let tries = self.tries.entry(bare.to_owned()).or_default();
        loop {
            let name = match (ending, *tries) {
                (Some(ending), 0) => format!("{bare}.{ending}"),
                (Some(ending), number) => format!("{bare}.{number}.{ending}"),
                (None, number) => format!("{bare}.{number}"),
            };
            *tries += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Returns whether a name is one by hash.
fn is_hash(name: &[u8]) -> bool {
    let Some((hash, number)) = name.split_at_checked(8) else {
        return false;
    };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let number = number.strip_prefix(b".").unwrap_or_default();
    hash.iter().all(is_digit) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

/// Returns the links by hash below a folder; as `find` does, none behind a link.
fn links(root: &Root<'_>, folder: &str) -> Result<Vec<Vec<u8>>, RootError> {
    if root.is_link(folder) {
        return Ok(Vec::new());
    }
    let mut links = root.walk(folder)?;
    links.retain(|path| {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        is_hash(name) && root.is_link(path)
    });
    Ok(links)
}

/// Takes away the links that an earlier call made elsewhere.
pub(super) fn clear_links(root: &mut Root<'_>) -> Result<(), Stop> {
    if !root.is_dir(ELSEWHERE) {
        return Err(format!("{ELSEWHERE} is not there").into());
    }
    for path in links(root, ELSEWHERE)? {
        root.remove(path)?;
    }
    Ok(())
}

/// Makes links elsewhere to what those by hash lead to.
pub(super) fn link_elsewhere(root: &mut Root<'_>) -> Result<(), Stop> {
    for path in links(root, &format!("{EXTRACTED}/{PATH}"))? {
        let target = root.readlink(&path)?;
        let end = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = path.split_at(end.map_or(0, |end| end + 1));
        let target_path = join(&root.real_folder(folder)?, &target);
        let link = join(ELSEWHERE.as_bytes(), name);
        if target.contains(&b'/') || root.is_link(&target_path) || root.lstat(&link).is_ok() {
            let link = String::from_utf8_lossy(&link).into_owned();
            return Err(format!("{link} cannot be made").into());
        }
        root.symlink(target_path, link, false)?;
    }
    Ok(())
}
