//! `dpkg-maintscript-helper rm_conffile`: a setting that a new version does not have goes, unless
//! somebody changed it.
//!
//! It moves the file away before the new version is unpacked, and removes it once that is
//! configured.

use super::file::is_path;
use crate::deb::paragraph::Paragraph;
use crate::rpm::digest::{Algorithm, Digest};
use crate::{Root, RootError};

/// What the file is called in between: if nobody changed it, and if somebody did.
const REMOVED: &str = ".dpkg-remove";
const CHANGED: &str = ".dpkg-backup";

/// What somebody's own is called in the end.
const KEPT: &str = ".dpkg-bak";

/// A setting to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OldConffile {
    path: String,
    /// The package that it is of, if that is not the script's.
    package: Option<String>,
    /// Whether the new version is configured already.
    is_finished: bool,
}

impl OldConffile {
    pub(super) fn new(path: &str, package: Option<&str>, is_finished: bool) -> Option<Self> {
        is_path(path).then(|| Self {
            path: path.to_owned(),
            package: package.map(str::to_owned),
            is_finished,
        })
    }

    /// Does it, for the script of a package.
    pub(super) fn run(&self, root: &mut Root<'_>, package: &str) -> Result<(), RootError> {
        let ending = |ending: &str| format!("{}{ending}", self.path);
        if self.is_finished {
            if root.exists(ending(CHANGED)) {
                root.rename(ending(CHANGED), ending(KEPT))?;
            }
            if root.exists(ending(REMOVED)) {
                root.remove(ending(REMOVED))?;
            }
            return Ok(());
        }
        if !root.is_file(&self.path) {
            return Ok(());
        }
        let package = self.package.as_deref().unwrap_or(package);
        let name = package.split(':').next().unwrap_or(package);
        if !owns(root, name, &self.path)? {
            return Ok(());
        }
        let mut digest = Digest::new(Algorithm::Md5);
        digest.update(&root.read(&self.path)?);
        let is_same = known_digest(root, name, &self.path)? == Some(digest.hex());
        let moved = ending(if is_same { REMOVED } else { CHANGED });
        root.rename(&self.path, moved)
    }
}

/// Returns whether a package has a file.
fn owns(root: &Root<'_>, package: &str, path: &str) -> Result<bool, RootError> {
    const INFO: &str = "/var/lib/dpkg/info";
    for name in root.list(INFO)? {
        let rest = name.strip_prefix(package.as_bytes());
        let is_list =
            |rest: &[u8]| rest == b".list" || (rest.starts_with(b":") && rest.ends_with(b".list"));
        if rest.is_some_and(is_list) {
            let list = root.read(crate::root::join(INFO.as_bytes(), &name))?;
            let mut lines = list.split(|byte| *byte == b'\n');
            if lines.any(|line| line == path.as_bytes()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Returns the digest that dpkg knows of a package's setting.
fn known_digest(root: &Root<'_>, package: &str, path: &str) -> Result<Option<String>, RootError> {
    let status = root
        .read_if_exists("/var/lib/dpkg/status")?
        .unwrap_or_default();
    let status = String::from_utf8_lossy(&status).into_owned();
    let start = format!("Package: {package}\n");
    let own = status
        .split("\n\n")
        .map(|part| part.trim_start_matches('\n'));
    let own = own.filter(|part| part.starts_with(&start));
    for paragraph in
        own.filter_map(|part| Paragraph::parse(part.trim_matches('\n').as_bytes()).ok())
    {
        for line in paragraph.get("Conffiles").lines() {
            let mut words = line.split_whitespace();
            if words.next() == Some(path) {
                return Ok(words.next().map(str::to_owned));
            }
        }
    }
    Ok(None)
}
