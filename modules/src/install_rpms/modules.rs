//! Which modules of repositories the image uses.

use crate::root::join;
use crate::rpm::identity::Identity;
use crate::rpm::modular::{Hidden, Streams};
use crate::{Root, RootError, os_release};

/// Where dnf keeps which streams were enabled and disabled, and how such files end; defaults of the
/// system's own, before.
const DEFAULTS: (&str, &[u8]) = ("/etc/dnf/modules.defaults.d", b".yaml");
const CHOICES: (&str, &[u8]) = ("/etc/dnf/modules.d", b".module");

/// Lets the image's settings choose among the streams of repositories.
///
/// # Errors
///
/// Returns which file cannot be read, and why.
pub(super) fn choose(root: &Root<'_>, streams: &mut Streams) -> Result<(), String> {
    let failed = |error: RootError| error.to_string();
    for (path, text) in files(root, DEFAULTS).map_err(failed)? {
        let read = streams.read_own(&text);
        read.map_err(|why| format!("{}: {why}", String::from_utf8_lossy(&path)))?;
    }
    for (path, text) in files(root, CHOICES).map_err(failed)? {
        let name = path.rsplit(|byte| *byte == b'/').next();
        let name = name.and_then(|name| name.strip_suffix(CHOICES.1));
        streams.choose(&String::from_utf8_lossy(name.unwrap_or_default()), &text);
    }
    let release = os_release::read(root).map_err(failed)?;
    let platform = release.iter().find(|(key, _)| key == "PLATFORM_ID");
    if let Some((_, id)) = platform {
        streams.platform(&String::from_utf8_lossy(id));
    }
    Ok(())
}

/// Says what to do where packages would do that are left out.
pub(super) fn help(hidden: &Hidden<'_>, packages: &[&Identity]) -> Option<String> {
    let first = packages.first()?;
    let who = match packages.len() - 1 {
        0 => first.to_string(),
        more => format!("{first} and {more} more"),
    };
    Some(
        match packages.iter().find_map(|package| hidden.stream(package)) {
            Some((module, stream)) => format!(
                "{who} would do, but {module}:{stream} is not in use; `[{module}]`, `profiles=`, \
             `stream={stream}` and `state=enabled` in {}/{module}.module enables it, or list \
             packages in `rpms`",
                CHOICES.0
            ),
            None => format!(
                "{who} would do, but modules in use have others of that name; list packages in `rpms` \
             to take them all the same"
            ),
        },
    )
}

/// Returns the files of a folder with an ending, by name, with what is in them.
fn files(
    root: &Root<'_>,
    (folder, ending): (&str, &[u8]),
) -> Result<Vec<(Vec<u8>, String)>, RootError> {
    if !root.is_dir(folder) {
        return Ok(Vec::new());
    }
    let mut names = root.list(folder)?;
    names.sort();
    let names = names.into_iter().filter(|name| name.ends_with(ending));
    let paths = names.map(|name| join(folder.as_bytes(), &name));
    let files = paths.filter(|path| root.is_file(path)).map(|path| {
        let bytes = root.read(&path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok((path, text))
    });
    files.collect()
}
