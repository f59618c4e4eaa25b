//! `kernel_cmdline`: parameters of the kernel, in the settings of the boot loaders that are there.
//!
//! Settings from which a tool makes the loader's own file change along with that file, so that the
//! next update keeps what the first boot has.

mod change;
mod entry;
mod grub;
mod variable;

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};
use change::Change;
use variable::Unread;

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
    let unread = |path: &[u8], Unread(line): Unread| {
        let shown = path.escape_ascii();
        let message = format!("{shown}: `{line}` is not in plain words, so it cannot be changed");
        let help = "write NAME=\"WORDS\" there in an earlier step, in one line and without `\\`";
        ValueError::new(cfg.span(), message).help(help)
    };
    let shell = |root: &mut Root<'_>, path: &[u8], edited: &Edited| {
        if !root.is_file(path) {
            return Ok::<_, Error>(false);
        }
        let text = root.any_text(path)?;
        let new = edited(&text, &change).map_err(|line| unread(path, line))?;
        root.write_any_text(path, &new)?;
        Ok(true)
    };
    let mut found = shell(root, b"/etc/default/grub", &variable::grub_defaults)?;
    for path in root.glob("/etc/default/grub.d/*.cfg") {
        shell(root, &path, &variable::grub_drop_in)?;
    }
    found |= shell(root, b"/etc/update-extlinux.conf", &|text, change| {
        variable::shell_value(text, "default_kernel_opts", change)
    })?;
    found |= edit(root, "/etc/kernel/cmdline", |text| {
        entry::whole(text, &change)
    })?;
    let mut has_environment = false;
    for folder in ["/boot/grub", "/boot/grub2", "/boot/efi/EFI/*"] {
        for path in root.glob(format!("{folder}/grub.cfg")) {
            found |= edit(root, &path, |text| grub::entries(text, &change))?;
        }
        for path in root.glob(format!("{folder}/grubenv")) {
            let text = root.any_text(&path)?;
            if text.contains("\nkernelopts=") {
                has_environment = true;
                let new = entry::environment(&text, &change).ok_or_else(|| {
                    let shown = path.escape_ascii();
                    let message = format!("{shown}: kernelopts cannot be changed");
                    let help =
                        "it has a `\\`, or no room for more: the file has 1024 bytes for all";
                    ValueError::new(cfg.span(), message).help(help)
                })?;
                root.write_any_text(&path, &new)?;
            }
        }
    }
    for folder in ["/boot", "/efi", "/boot/efi"] {
        for path in root.glob(format!("{folder}/loader/entries/*.conf")) {
            let is_elsewhere = entry::has_environment(&root.any_text(&path)?);
            if is_elsewhere && !has_environment && !change.remove.is_empty() {
                let shown = path.escape_ascii();
                root.warn(format!(
                    "{shown} has $kernelopts, which no grubenv has: nothing is removed from that"
                ));
            }
            let add = !(is_elsewhere && has_environment);
            found |= edit(root, &path, |text| entry::boot_loader(text, &change, add))?;
        }
    }
    for path in ["/boot/extlinux.conf", "/boot/extlinux/extlinux.conf"] {
        found |= edit(root, path, |text| entry::extlinux(text, &change))?;
    }
    if root.is_file(ZIPL) {
        root.warn(format!(
            "{ZIPL} is not changed: it may have parameters, too"
        ));
    }
    if found {
        return Ok(());
    }
    let error = ValueError::new(cfg.span(), "the image has no settings of a boot loader");
    let help = "GRUB, systemd-boot, kernel-install and extlinux are known; without one of them, \
                what starts the kernel has the command line";
    Err(error.help(help).into())
}

/// Changes the text of a shell's variables.
type Edited = dyn Fn(&str, &Change) -> Result<String, Unread>;

/// Changes a file if it is there; returns whether it is.
fn edit(
    root: &mut Root<'_>,
    path: impl AsRef<[u8]>,
    change: impl Fn(&str) -> String,
) -> Result<bool, RootError> {
    let path = path.as_ref();
    if !root.is_file(path) {
        return Ok(false);
    }
    let text = root.any_text(path)?;
    root.write_any_text(path, &change(&text))?;
    Ok(true)
}

#[cfg(test)]
mod tests;
