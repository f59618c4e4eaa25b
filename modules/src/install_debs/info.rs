//! The files that dpkg keeps of each package: its scripts, lists of digests and so on.

use fsgen::Meta;
use fsgen::tree::Xattrs;

use super::database::{INFO, info};
use super::late;
use super::member::place_of;
use super::set::control_name;
use super::unpack::{Package, Unpacking};
use crate::root::{Laid, join};
use crate::{Error, Packed, PackedKind, Root};

/// Files that dpkg does not keep, or writes itself.
const OWN: [&[u8]; 2] = [b"control", b"list"];

impl Unpacking {
    /// Writes those of a new package, and removes those of what it replaces.
    pub(super) fn write_info(
        &self,
        root: &mut Root<'_>,
        package: &Package<'_>,
        control: &[Packed],
    ) -> Result<(), Error> {
        if let Some(old) = package.old {
            self.remove_info(root, old, &[])?;
        }
        root.mkdir_all(INFO, 0o755)?;
        // Without it dpkg looks for files whose names have no architecture.
        let layout = join(INFO.as_bytes(), b"format");
        if !root.exists(&layout) {
            root.write(layout, "1\n")?;
        }
        let own = &package.candidate.identity;
        for file in control {
            let name = control_name(&file.path);
            let PackedKind::File(content) = &file.kind else {
                continue;
            };
            // dpkg passes over names with a dot.
            let is_plain = !name.is_empty() && !name.contains(&b'.') && !name.contains(&b'/');
            if !is_plain || OWN.contains(&name) {
                continue;
            }
            let name = String::from_utf8_lossy(name).into_owned();
            let place = place_of(root, &info(own, &name))?;
            let meta = Meta {
                mode: file.meta.mode,
                uid: 0,
                gid: 0,
                mtime: root.time(),
            };
            root.lay(&place, Laid::File(content.clone()), meta, Xattrs::new())?;
        }
        if let Some(lines) = package.digest_lines() {
            root.write(info(own, "md5sums"), lines)?;
        }
        Ok(())
    }

    /// Removes all of a package's but those with certain endings.
    pub(super) fn remove_info(
        &self,
        root: &mut Root<'_>,
        index: usize,
        kept: &[&str],
    ) -> Result<(), Error> {
        let identity = &self.database.entry(index).identity;
        let start = format!("{}.", identity.file_name());
        // What has not run by then is never run: a newer version's own is, if there is one.
        late::forget(root, identity)?;
        if !root.is_dir(INFO) {
            return Ok(());
        }
        for name in root.list(INFO)? {
            let rest = name.strip_prefix(start.as_bytes());
            let is_kept = |rest: &[u8]| kept.iter().any(|kept| kept.as_bytes() == rest);
            if rest.is_some_and(|rest| !rest.contains(&b'.') && !is_kept(rest)) {
                root.remove(join(INFO.as_bytes(), &name))?;
            }
        }
        Ok(())
    }
}
