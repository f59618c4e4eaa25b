//! The label of a filesystem, and the name of a partition: how long, and what they can hold.

use fsgen::fat;
use modules::value::{Spanned, ValueError};

use super::Filesystem;

/// The longest volume label of ext4, in bytes.
const LONGEST_EXT4_LABEL: usize = 16;
/// The longest label of swap, in bytes: its 16 end in a NUL.
const LONGEST_SWAP_LABEL: usize = 15;
/// The longest name in a GPT, in UTF-16 units.
const LONGEST_NAME: usize = 36;

/// Checks `label:`, which the filesystem keeps.
///
/// # Errors
///
/// Fails when it is longer than the filesystem allows, or holds what it does not.
pub(super) fn check(label: &Spanned<String>, filesystem: Filesystem) -> Result<(), ValueError> {
    check_letters(label)?;
    let most = match filesystem {
        Filesystem::Ext4 => LONGEST_EXT4_LABEL,
        Filesystem::Swap => LONGEST_SWAP_LABEL,
        Filesystem::Vfat => {
            return fat::check_label(label).map_err(|why| {
                let error = label.error(why.to_string());
                error.help("use another one here; a GPT keeps any as `name`")
            });
        }
        Filesystem::None => return check_name(label),
    };
    if label.len() > most {
        let len = label.len();
        let message = format!("a label of {len} bytes; {filesystem} has at most {most}");
        let help = "give the long one as `name`, which a GPT keeps";
        return Err(label.error(message).help(help));
    }
    Ok(())
}

/// Checks `name:`, which a GPT keeps.
///
/// # Errors
///
/// Fails when it is longer than a GPT allows.
pub(super) fn check_name(name: &Spanned<String>) -> Result<(), ValueError> {
    check_letters(name)?;
    match name.encode_utf16().count() {
        0..=LONGEST_NAME => Ok(()),
        len => Err(name.error(format!(
            "a name of {len} UTF-16 units; a GPT has at most {LONGEST_NAME}"
        ))),
    }
}

fn check_letters(text: &Spanned<String>) -> Result<(), ValueError> {
    match text.chars().find(|c| c.is_control()) {
        None => Ok(()),
        Some(control) => Err(text.error(format!("a label cannot hold {control:?}"))),
    }
}
