//! The users and groups that packages bring along as data: rpm since 4.19 makes them before it
//! puts any file there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fsgen::tree::content::Content;

use super::candidate::Candidate;
use crate::dropins::Line;
use crate::rpm::file::File;
use crate::sysusers::allocation;
use crate::{Error, Root};

/// What a package provides for each line of its sysusers.d(5) files, with the line as the version
/// (rpm-sysusers(7)).
const PROVIDES: [&str; 3] = ["user(", "group(", "groupmember("];

/// Where packages have files of such lines.
const FOLDER: &[u8] = b"/usr/lib/sysusers.d/";

/// The largest of these files that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Makes the users and groups that a package provides.
pub(super) fn provided(root: &mut Root<'_>, candidate: &Candidate) -> Result<(), Error> {
    let provides = crate::rpm::dependency::Dependency::read(
        &candidate.package.header,
        crate::rpm::dependency::PROVIDES,
    );
    let provides = provides.map_err(|error| candidate.error(error))?;
    let own = provides.iter().filter(|provided| {
        let name = &provided.name;
        PROVIDES.iter().any(|kind| name.starts_with(kind))
    });
    let lines = own.filter_map(|provided| {
        // The padding of base64 is left out, since no version may have it.
        let text = provided.version.version.trim_end_matches('=');
        let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
        let bytes = STANDARD.decode(format!("{text}{padding}")).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        Some(Line::bare(text.trim_end_matches('\0')))
    });
    apply(root, candidate, &lines.collect::<Vec<_>>())
}

/// Makes those of a package's own files, whose content is known but not put there yet.
pub(super) fn packaged<'f>(
    root: &mut Root<'_>,
    candidate: &Candidate,
    files: impl Iterator<Item = (&'f File, &'f Content)>,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (file, content) in files {
        let is_one = file.directory == FOLDER && file.name.ends_with(b".conf");
        if !is_one || content.len() > LARGEST {
            continue;
        }
        let mut bytes = Vec::new();
        let read = root.read_pieces(content, |piece| bytes.extend_from_slice(piece));
        read.map_err(|cause| candidate.error(cause))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let own = text.lines().map(str::trim);
        let own = own.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.extend(own.map(Line::bare));
    }
    apply(root, candidate, &lines)
}

fn apply(root: &mut Root<'_>, candidate: &Candidate, lines: &[Line]) -> Result<(), Error> {
    if lines.is_empty() {
        return Ok(());
    }
    for problem in allocation::apply(root, lines)? {
        let line = String::from_utf8_lossy(&lines[problem.line].text).into_owned();
        let name = &candidate.package.identity;
        root.warn(format!(
            "{name}: the sysusers.d line {line:?} {}",
            problem.message
        ));
    }
    Ok(())
}
