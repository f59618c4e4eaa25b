//! Whether an archive holds a container image, and not a root filesystem.

use std::io;
use std::sync::Arc;

use anyhow::Result;

use super::super::Limits;
use super::super::assembly::Assembly;
use super::super::member::{Entry, Members};
use super::super::name::names;
use super::super::window::Archive;
use super::manifest::{self, Saved};
use super::store::Part;

/// What the names so far leave open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// That of a layer or configuration.
    Blob,
    /// Another one that such archives have.
    Usual,
    /// A file that may be in any archive.
    Any,
    /// One that tells of a root filesystem.
    Other,
}

/// Returns whether an archive holds an image.
///
/// For what is none, its first members are enough to tell. Most give their files the names that
/// `docker save` and the OCI layout have; where there are others at the top, too, as by crane or jib,
/// `manifest.json` itself has to say what it is.
///
/// # Errors
///
/// Fails when the archive cannot be read; one that is malformed holds none.
pub(in super::super) fn holds_image(archive: &Arc<dyn Archive>) -> Result<bool> {
    let mut files = Assembly::new(Limits::default());
    let source = files.add_source(archive.clone());
    let mut members = Members::new(&**archive, source)?;
    let mut worst = Name::Blob;
    let (mut has_layout, mut has_index, mut has_blobs, mut manifest) = (false, false, false, None);
    loop {
        let member = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(error) if error.chain().any(|cause| cause.is::<io::Error>()) => return Err(error),
            // What is wrong with it is for who reads all of it to say.
            Err(_) => break,
        };
        let name = name_of(&member.path, &member.entry);
        worst = worst.max(name);
        if worst == Name::Other {
            return Ok(false);
        }
        has_blobs |= name == Name::Blob;
        let mut parts = names(&member.path);
        match (parts.next(), parts.next(), member.entry) {
            (Some(b"oci-layout"), None, Entry::File(_)) => has_layout = true,
            (Some(b"index.json"), None, Entry::File(_)) => has_index = true,
            (Some(b"manifest.json"), None, Entry::File(content)) => manifest = Some(content),
            _ => {}
        }
    }
    let has_layout = has_layout && (has_index || has_blobs);
    let Some(content) = manifest.filter(|_| !has_layout) else {
        return Ok(has_layout);
    };
    // One that is damaged, beside what it should name, is for who reads it to complain of.
    if has_blobs && worst < Name::Any {
        return Ok(true);
    }
    let tree = Arc::new(files.finish(None).tree);
    let said = manifest::json::<Vec<Saved>>(&Part::new(tree, content, "manifest.json"));
    Ok(said.is_ok_and(|images| !images.is_empty()))
}

fn name_of(path: &[u8], entry: &Entry) -> Name {
    let mut parts = names(path);
    match (parts.next(), parts.next()) {
        (Some(b"blobs"), Some(_)) => Name::Blob,
        (Some(name), _) if is_docker_name(name, entry) => Name::Blob,
        (None, _) | (Some(b"blobs" | b"index.json" | b"repositories"), _) => Name::Usual,
        (Some(b"oci-layout" | b"manifest.json"), None) => Name::Usual,
        (Some(_), None) if matches!(entry, Entry::File(_) | Entry::Symlink(_)) => Name::Any,
        _ => Name::Other,
    }
}

/// Returns whether `docker save` gives such a name to a layer or configuration.
fn is_docker_name(name: &[u8], entry: &Entry) -> bool {
    let hex = match entry {
        Entry::Directory => name,
        _ => name.split(|b| *b == b'.').next().unwrap_or_default(),
    };
    hex.len() == 64 && hex.iter().all(u8::is_ascii_hexdigit)
}
