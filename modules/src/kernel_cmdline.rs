//! `kernel_cmdline`: parameters of the kernel, in the settings of the boot loaders that are there.
//!
//! Settings from which a tool makes the loader's own file change along with that file, so that the
//! next update keeps what the first boot has.

mod change;
mod entry;
mod grub;
mod variable;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::root::show;
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};
use change::Change;
use variable::Unread;

/// Changes a text; nothing comes of one that has no command line.
type Edit = fn(&str, &Change) -> Result<Option<String>, Unread>;

/// Files with command lines.
const FILES: [(&str, Edit); 9] = [
    ("/etc/default/grub", |text, change| {
        variable::grub_defaults(text, change).map(Some)
    }),
    ("/etc/default/grub.d/*.cfg", variable::grub_drop_in),
    ("/etc/update-extlinux.conf", |text, change| {
        variable::shell_value(text, "default_kernel_opts", change).map(Some)
    }),
    ("/etc/kernel/cmdline", |text, change| {
        Ok(Some(entry::whole(text, change)))
    }),
    ("/boot/grub/grub.cfg", |text, change| {
        Ok(grub::entries(text, change))
    }),
    ("/boot/grub2/grub.cfg", |text, change| {
        Ok(grub::entries(text, change))
    }),
    ("/boot/efi/EFI/*/grub.cfg", |text, change| {
        Ok(grub::entries(text, change))
    }),
    ("/boot/extlinux.conf", |text, change| {
        Ok(entry::extlinux(text, change))
    }),
    ("/boot/extlinux/extlinux.conf", |text, change| {
        Ok(entry::extlinux(text, change))
    }),
];

/// GRUB's environment, which can have what its entries refer to.
const ENVIRONMENTS: [&str; 3] = [
    "/boot/grub/grubenv",
    "/boot/grub2/grubenv",
    "/boot/efi/EFI/*/grubenv",
];

/// Entries of systemd-boot and of Fedora's GRUB.
const ENTRIES: [&str; 3] = [
    "/boot/loader/entries/*.conf",
    "/efi/loader/entries/*.conf",
    "/boot/efi/loader/entries/*.conf",
];

/// What zipl, the loader of s390, reads besides entries.
const ZIPL: &str = "/etc/zipl.conf";

pub(crate) const MODULE: Module = Module {
    name: "kernel_cmdline",
    summary: "adds parameters to the kernel's command line, or takes them out",
    details: "\
Changes what the image has of: `GRUB_CMDLINE_LINUX` in `/etc/default/grub`, the `linux` lines of
grub.cfg, `/etc/kernel/cmdline`, the entries of systemd-boot and of Fedora's GRUB in
`loader/entries` with GRUB's environment, extlinux.conf and `/etc/update-extlinux.conf`. Comments,
other lines and other parameters stay. A parameter that is there is not added again; of those with
one name, such as `console`, the added ones are the last, in their order. `/etc/zipl.conf` is told
of, not changed.",
    keys: &["kernel_cmdline"],
    options: &[OptionDoc::required(
        "kernel_cmdline",
        Shape::Map(&[
            OptionDoc::optional(
                "add",
                Shape::List(&Shape::Text),
                "parameters such as console=ttyS0, in this order behind the others",
            ),
            OptionDoc::optional(
                "remove",
                Shape::List(&Shape::Text),
                "parameters, or names of such with any value",
            ),
        ]),
        "what to change",
    )],
    example: "\
modules: [kernel_cmdline]
kernel_cmdline:
  add: [console=tty0, \"console=ttyS0,115200\"]
  remove: [quiet]
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    kernel_cmdline: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Parameters {
    add: Vec<Spanned<String>>,
    remove: Vec<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options {
        kernel_cmdline: Parameters { add, remove },
    } = cfg.options()?;
    if add.is_empty() && remove.is_empty() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give `add` or `remove`"));
    }
    for word in add.iter().chain(&remove) {
        // GRUB's shell reads each of these as something else.
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"'\\$`#;|&<>{}".contains(c);
        if word.is_empty() || !word.chars().all(is_plain) {
            let error = word.error(format!(
                "{:?} is no parameter that all loaders take",
                **word
            ));
            let help = "it is one word, without blanks, quotes and any of $ # \\ ; | & < > { }";
            return Err(error.help(help));
        }
    }
    for (at, word) in add.iter().enumerate() {
        if add[..at].iter().any(|other| other.value == word.value) {
            return Err(word.error(format!("{} is given twice", **word)));
        }
    }
    if let Some(word) = add
        .iter()
        .find(|word| remove.iter().any(|other| other.value == word.value))
    {
        return Err(word.error(format!("{} is in `remove`, too", **word)));
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { kernel_cmdline } = cfg.options()?;
    let text = |words: &[Spanned<String>]| words.iter().map(|word| word.value.clone()).collect();
    let change = Change {
        add: text(&kernel_cmdline.add),
        remove: text(&kernel_cmdline.remove),
    };
    let environments = change_environments(root, &change, cfg)?;
    let has_environment = !environments.is_empty();
    // Of each file, whether it has a command line.
    let mut found: BTreeMap<_, _> = environments.into_iter().map(|path| (path, true)).collect();
    for (paths, edit) in FILES {
        for path in files(root, &[paths]) {
            let text = root.any_text(&path)?;
            let new = edit(&text, &change).map_err(|Unread(line)| {
                let shown = path.escape_ascii();
                let message =
                    format!("{shown}: `{line}` is not in plain words, so it cannot be changed");
                let help =
                    "write NAME=\"WORDS\" there in an earlier step, in one line and without `\\`";
                ValueError::new(cfg.span(), message).help(help)
            })?;
            if let Some(new) = &new {
                root.write_any_text(&path, new)?;
            }
            found.insert(path, new.is_some());
        }
    }
    for path in files(root, &ENTRIES) {
        let text = root.any_text(&path)?;
        let is_elsewhere = entry::has_environment(&text);
        if is_elsewhere && !has_environment && !change.remove.is_empty() {
            let shown = path.escape_ascii();
            root.warn(format!(
                "{shown} has $kernelopts, which no grubenv has: nothing is removed from that"
            ));
        }
        let add = !(is_elsewhere && has_environment);
        let new = entry::boot_loader(&text, &change, add);
        if let Some(new) = &new {
            root.write_any_text(&path, new)?;
        }
        found.insert(path, new.is_some());
    }
    if root.is_file(ZIPL) {
        root.warn(format!(
            "{ZIPL} is not changed: it may have parameters, too"
        ));
    }
    if found.values().any(|has_line| *has_line) {
        return Ok(());
    }
    if !found.is_empty() {
        let paths: Vec<_> = found.keys().map(|path| show(path)).collect();
        let message = format!("there is no command line of Linux in {}", paths.join(", "));
        return Err(ValueError::new(cfg.span(), message).into());
    }
    let error = ValueError::new(cfg.span(), "the image has no settings of a boot loader");
    let help = "GRUB, systemd-boot, kernel-install and extlinux are known; without one of them, \
                what starts the kernel has the command line";
    Err(error.help(help).into())
}

/// Changes the environments of GRUB that have parameters; returns their paths.
fn change_environments(
    root: &mut Root<'_>,
    change: &Change,
    cfg: &Cfg,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut changed = Vec::new();
    for path in files(root, &ENVIRONMENTS) {
        let text = root.any_text(&path)?;
        if !text.contains("\nkernelopts=") {
            continue;
        }
        let new = entry::environment(&text, change).ok_or_else(|| {
            let shown = path.escape_ascii();
            let message = format!("{shown}: kernelopts cannot be changed");
            let help = "it has a `\\`, or no room for more: the file has 1024 bytes for all";
            ValueError::new(cfg.span(), message).help(help)
        })?;
        root.write_any_text(&path, &new)?;
        changed.push(path);
    }
    Ok(changed)
}

fn files(root: &Root<'_>, paths: &[&str]) -> Vec<Vec<u8>> {
    let found = paths.iter().flat_map(|paths| root.glob(paths));
    found.filter(|path| root.is_file(path)).collect()
}

/// Returns whether a command line of the image has a parameter: whether there is something to take out.
pub(crate) fn has(root: &Root<'_>, parameter: &str) -> Result<bool, RootError> {
    let change = Change {
        add: Vec::new(),
        remove: vec![parameter.to_owned()],
    };
    let environment: Edit = |text, change| Ok(entry::environment(text, change));
    let entry: Edit = |text, change| Ok(entry::boot_loader(text, change, true));
    let all = FILES
        .into_iter()
        .chain(ENVIRONMENTS.map(|paths| (paths, environment)))
        .chain(ENTRIES.map(|paths| (paths, entry)));
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    for (paths, edit) in all {
        for path in files(root, &[paths]) {
            let text = root.any_text(&path)?;
            let has = match edit(&text, &change) {
                Ok(new) => new.is_some_and(|new| new != text),
                Err(Unread(line)) => line.split(is_end).any(|word| word == parameter),
            };
            if has {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
