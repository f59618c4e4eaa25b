//! The users and groups that packages bring along as data: rpm since 4.19 makes them before it
//! puts any file there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fsgen::tree::content::Content;

use super::candidate::Candidate;
use crate::dropins::Line;
use crate::rpm::dependency::{Dependency, PROVIDES as PROVIDED, sense};
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

/// Makes the users and groups that a package provides. Returns what is wrong, and with whom.
pub(super) fn provided(
    root: &mut Root<'_>,
    candidate: &Candidate,
) -> Result<Vec<(String, String)>, Error> {
    let provides = Dependency::read(&candidate.package.header, PROVIDED);
    let provides = provides.map_err(|error| candidate.error(error))?;
    let own = provides.iter().filter(|provided| {
        let name = &provided.name;
        // Without a version, it is made by the line of another.
        provided.flags & sense::EQUAL != 0 && PROVIDES.iter().any(|kind| name.starts_with(kind))
    });
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for provided in own {
        let (package, name) = (&candidate.package.identity, &provided.name);
        let Some(line) = decode(&provided.version.version) else {
            let version = &provided.version.version;
            wrong.push((
                format!(
                    "{package}: {name} = {version} makes nobody: that is no sysusers.d line in base64"
                ),
                name.clone(),
            ));
            continue;
        };
        let whom = name
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'));
        let second = line.split_ascii_whitespace().nth(1);
        if !name.starts_with("groupmember(") && second != whom {
            wrong.push((
                format!("{package}: {name} has a line of another name: {line:?}"),
                name.clone(),
            ));
        }
        lines.push(Line::bare(&line));
    }
    for (message, _) in &wrong {
        root.warn(message);
    }
    apply(root, candidate, &lines)?;
    Ok(wrong)
}

/// Decodes a line. The padding of base64 is left out, since no version may have it.
fn decode(version: &str) -> Option<String> {
    let text = version.trim_end_matches('=');
    let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
    let bytes = STANDARD.decode(format!("{text}{padding}")).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let line = text.trim_end_matches('\0');
    (line.split_ascii_whitespace().count() > 1).then(|| line.to_owned())
}

/// Makes those of a package's own files, whose content is known but not put there yet.
pub(super) fn packaged<'f>(
    root: &mut Root<'_>,
    candidate: &Candidate,
    files: impl Iterator<Item = (&'f File, &'f Content)>,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (file, content) in files {
        let is_one = *file.directory == *FOLDER && file.name.ends_with(b".conf");
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
