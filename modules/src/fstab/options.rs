//! The options of `fstab`, and what can be said about them without an image.

use serde::Deserialize;

use super::mount_option;
use crate::value::{Spanned, ValueError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) fstab: Fstab,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fstab {
    /// What partitions are found by.
    pub(super) by: Option<Spanned<By>>,
    /// Options for partitions, and what is mounted besides.
    pub(super) mounts: Vec<Mount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    Uuid,
    Partuuid,
    Label,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mount {
    pub(super) mount: Spanned<String>,
    pub(super) options: Option<Spanned<String>>,
    pub(super) device: Option<Spanned<String>>,
    #[serde(rename = "type")]
    pub(super) filesystem: Option<Spanned<String>>,
}

/// What devices are found by: fstab(5).
const TAGS: [&str; 5] = ["UUID", "LABEL", "PARTUUID", "PARTLABEL", "ID"];

impl Mount {
    /// Returns the mount point in the one way to write it; `none` for swap.
    pub(super) fn place(&self) -> String {
        match self.mount.starts_with('/') {
            true => super::place(&self.mount),
            false => self.mount.value.clone(),
        }
    }
}

impl Fstab {
    /// Finds every mistake that shows without the image.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        for (i, named) in self.mounts.iter().enumerate() {
            let Mount {
                mount,
                options,
                device,
                filesystem,
            } = named;
            let is_swap = device.is_some() && **mount == "none";
            let is_odd = |name: &str| matches!(name, "." | "..");
            if !is_swap && (!mount.starts_with('/') || mount.split('/').any(is_odd)) {
                let error = mount.error(format!("{:?} is no mount point", **mount));
                return Err(error.help("it is like /var/log; that of a swap `device` is `none`"));
            }
            let before = self.mounts[..i].iter();
            let is_same_swap = |other: &Mount| {
                **other.mount == *"none" && other.device.as_deref() == device.as_deref()
            };
            if let Some(device) = device.as_ref().filter(|_| is_swap)
                && before.clone().any(is_same_swap)
            {
                return Err(device.error(format!("the swap {} is listed twice", **device)));
            }
            if !is_swap && before.clone().any(|other| other.place() == named.place()) {
                return Err(mount.error(format!("{} is listed twice", **mount)));
            }
            if let (Some(filesystem), None) = (filesystem, device) {
                let error = filesystem.error("a partition's filesystem is its own");
                return Err(error.help("leave `type` out, or give a `device`"));
            }
            if device.is_none() && options.is_none() {
                let error = mount.error(format!("nothing is said of {}", **mount));
                return Err(error.help("give `options`, or a `device` to mount there"));
            }
            if let Some(filesystem) = filesystem.as_ref().filter(|_| is_swap)
                && **filesystem != "swap"
            {
                let error = filesystem.error("what is mounted nowhere is swap");
                return Err(error.help("leave `type` out, or give a mount point"));
            }
            if let Some(filesystem) = filesystem.as_ref().filter(|_| !is_swap)
                && **filesystem == "swap"
            {
                let error = filesystem.error(format!("swap is not mounted at {}", **mount));
                return Err(error.help("its `mount` is `none`"));
            }
            if let Some(device) = device
                && TAGS.iter().any(|tag| device.strip_suffix('=') == Some(tag))
            {
                let error = device.error(format!("{:?} names no device", **device));
                return Err(error.help("what it is found by goes behind `=`"));
            }
            if let Some(options) = options
                && !options.is_empty()
                && mount_option::each(options).any(str::is_empty)
            {
                let message = format!("{:?} has an option without a name", **options);
                return Err(options
                    .error(message)
                    .help("one comma goes between options"));
            }
            if let Some(options) = options
                && options.matches('"').count() % 2 == 1
            {
                let message = format!("{:?} has a quote that is not closed", **options);
                return Err(options
                    .error(message)
                    .help("a value in quotes ends with one"));
            }
            let is_no_word = |c: char| c.is_whitespace() || c.is_control() || c == '#';
            for word in options.iter().chain(filesystem) {
                if word.is_empty() || word.contains(is_no_word) {
                    let message = format!("{:?} is not one word", **word);
                    return Err(word.error(message).help("commas go between options"));
                }
            }
            for text in device.iter().chain([mount]) {
                if text.is_empty() || text.contains(char::is_control) {
                    return Err(text.error(format!("{:?} cannot be in fstab", **text)));
                }
            }
        }
        Ok(())
    }
}
