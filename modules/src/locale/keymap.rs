//! The layout of the console's keyboard, wherever the image keeps it.

use super::xkb;
use crate::assignments::{self, Quotes};
use crate::root::show;
use crate::value::Spanned;
use crate::{Error, Root};

/// Where kbd has its layouts.
const FOLDERS: [&str; 3] = [
    "/usr/share/kbd/keymaps",
    "/usr/lib/kbd/keymaps",
    "/usr/share/keymaps",
];

/// Where Alpine has its binary ones, by layout and variant.
const BINARY: &str = "/usr/share/bkeymaps";

pub(super) fn set(root: &mut Root<'_>, keymap: &Spanned<String>) -> Result<(), Error> {
    let name = keymap.as_str();
    let folders: Vec<_> = FOLDERS
        .into_iter()
        .filter(|folder| root.is_dir(folder))
        .collect();
    if !folders.is_empty() && !folders.iter().any(|folder| has(root, folder, name)) {
        let error = keymap.error(format!("the image has no keymap {name:?}"));
        let help = format!("its keymaps are the files in {}", folders.join(" and "));
        return Err(error.help(help).into());
    }
    let mut is_set = false;
    for (file, key, needs) in [
        (
            "/etc/vconsole.conf",
            "KEYMAP",
            "/usr/lib/systemd/systemd-vconsole-setup",
        ),
        ("/etc/conf.d/keymaps", "keymap", "/etc/init.d/keymaps"),
    ] {
        if root.is_file(file) || root.is_file(needs) {
            let quotes = match key {
                "KEYMAP" => Quotes::Needed,
                _ => Quotes::Always,
            };
            assignments::set(root, file, &[(key, name)], quotes)?;
            is_set = true;
        }
    }
    is_set |= set_binary(root, keymap)?;
    is_set |= xkb::set(root, keymap, is_set)?;
    if !is_set {
        let error = keymap.error("the image has nothing that sets a keymap");
        let help = "install kbd, console-setup or kbd-bkeymaps in the source";
        return Err(error.help(help).into());
    }
    Ok(())
}

/// Alpine's setup-keymap copies the layout beside its setting.
fn set_binary(root: &mut Root<'_>, keymap: &Spanned<String>) -> Result<bool, Error> {
    if !root.is_dir(BINARY) {
        return Ok(false);
    }
    let name = keymap.as_str();
    let found = root.glob(format!("{BINARY}/*/{name}.bmap.gz"));
    let Some(layout) = found.first() else {
        let error = keymap.error(format!("the image has no keymap {name:?}"));
        return Err(error
            .help(format!("its keymaps are the files in {BINARY}"))
            .into());
    };
    let copy = format!("/etc/keymap/{name}.bmap.gz");
    root.mkdir_above(&copy)?;
    root.write(&copy, root.read(layout)?)?;
    assignments::set(
        root,
        "/etc/conf.d/loadkmap",
        &[("KEYMAP", &copy)],
        Quotes::Needed,
    )?;
    root.info(format!("the keymap is a copy of {}", show(layout)));
    Ok(true)
}

/// Returns whether a folder has a layout, at any depth.
fn has(root: &Root<'_>, folder: &str, name: &str) -> bool {
    let patterns = [".map", ".map.gz", ".kmap.gz"].map(|end| format!("{folder}/**/{name}{end}"));
    patterns
        .iter()
        .any(|pattern| !root.glob(pattern).is_empty())
}
