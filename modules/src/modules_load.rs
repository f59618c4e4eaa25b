//! `modules_load`: which modules the kernel loads at each boot, which never, and with what options.
//!
//! See modules-load.d(5), modprobe.d(5).

mod known;

use serde::Deserialize;

use crate::continued;
use crate::installed;
use crate::named::Named;
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};
use known::{Settings, is_missing, plain};

/// What systemd, OpenRC and Debian's init read.
const LOAD: &str = "/etc/modules-load.d/hsb.conf";

/// What OpenRC and busybox read, on Alpine.
const OLD: &str = "/etc/modules";

/// What modprobe reads.
const PROBE: &str = "/etc/modprobe.d/hsb.conf";

pub(crate) const MODULE: Module = Module {
    name: "modules_load",
    summary: "says which modules the kernel loads at boot, which never, and their options",
    details: "\
Writes `/etc/modules-load.d/hsb.conf` (`/etc/modules` on images without systemd that have it) and
`/etc/modprobe.d/hsb.conf`. Lines there that say it already stay; others of the same module go. A
module that no kernel of the image has, by its name or an alias, is named in a warning, and one that
another file of modprobe.d turns off. What is loaded by an initramfs is decided when that is made,
which hsb does not do.",
    keys: &["modules_load", "modules_blacklist", "modules_options"],
    options: &[
        OptionDoc::optional("modules_load", Shape::List(&Shape::Text), "modules to load"),
        OptionDoc::optional(
            "modules_blacklist",
            Shape::List(&Shape::Text),
            "modules not to load for the hardware that they are for",
        ),
        OptionDoc::optional(
            "modules_options",
            Shape::Table(&Shape::Text),
            "what modules are loaded with, by their names",
        ),
    ],
    example: "\
modules: [modules_load]
modules_load: [br_netfilter, overlay]
modules_blacklist: [pcspkr]
modules_options: {kvm_intel: nested=1}
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    modules_load: Vec<Spanned<String>>,
    #[serde(default)]
    modules_blacklist: Vec<Spanned<String>>,
    #[serde(default)]
    modules_options: Named<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options {
        modules_load,
        modules_blacklist,
        modules_options,
    } = cfg.options()?;
    if modules_load.is_empty() && modules_blacklist.is_empty() && modules_options.0.is_empty() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give `modules_load`, `modules_blacklist` or `modules_options`"));
    }
    let is_name = |name: &str| {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        !name.is_empty() && name.chars().all(is_sign)
    };
    for name in modules_load.iter().chain(&modules_blacklist) {
        if !is_name(name) {
            return Err(name.error(format!("{:?} is no name of a module", **name)));
        }
    }
    for name in &modules_load {
        let is_same = |other: &&Spanned<String>| plain(other) == plain(name);
        if let Some(other) = modules_blacklist.iter().find(is_same) {
            let error = other.error(format!("{} is in `modules_load`, too", **other));
            return Err(error.help("systemd loads no module that is blacklisted"));
        }
    }
    for (name, options) in &modules_options.0 {
        if !is_name(name) {
            return Err(name.error(format!("{:?} is no name of a module", **name)));
        }
        let wrong = match options.trim() {
            "" => Some("are not one line of text"),
            text if text.contains(char::is_control) => Some("are not one line of text"),
            text if text.ends_with('\\') => {
                Some("end in `\\`, by which the next line is part of them")
            }
            text if text.split_whitespace().any(|word| word.starts_with('#')) => {
                Some("have a `#`, which starts no comment there")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(options.error(format!("the options of {} {wrong}", **name)));
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options {
        modules_load,
        modules_blacklist,
        modules_options,
    } = cfg.options()?;
    let file = match installed::systemd(root) || root.is_dir("/etc/modules-load.d") {
        false if root.is_file(OLD) => OLD,
        _ => LOAD,
    };
    let names = modules_load.iter().map(|name| name.to_string());
    add(root, file, names.map(|name| (name.clone(), name)))?;
    let blacklist = modules_blacklist
        .iter()
        .map(|name| format!("blacklist {}", **name));
    let blacklist = blacklist.map(|line| (line.clone(), line));
    let options = modules_options.0.iter().map(|(name, options)| {
        let start = format!("options {}", **name);
        (start.clone(), format!("{start} {}", options.trim()))
    });
    add(root, PROBE, blacklist.chain(options))?;
    let settings = Settings::read(root)?;
    for name in &modules_load {
        for (path, kind) in settings.against(name) {
            let message = format!("{} is not loaded: {path} has `{kind}` for it", **name);
            root.warn_at(name.span, message);
        }
        if !settings.have_alias(name) && is_missing(root, name)? {
            root.warn_at(
                name.span,
                format!("no kernel of the image has the module {}", **name),
            );
        }
    }
    Ok(())
}

/// Adds lines to a file, each in place of those that begin with the same words.
fn add(
    root: &mut Root<'_>,
    file: &str,
    lines: impl Iterator<Item = (String, String)>,
) -> Result<(), RootError> {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    root.mkdir_above(file)?;
    let mut text = root.any_text(file)?;
    for (start, line) in lines {
        text = set(&text, &start, &line, file);
    }
    root.write_any_text(file, &text)
}

/// Returns a text with a line in place of those that begin with the same words; such that say it
/// already stay. In modprobe.d(5) a line goes on in the next one behind `\`, a comment as well.
fn set(text: &str, start: &str, line: &str, file: &str) -> String {
    let is_continued = file == PROBE;
    let old = match is_continued {
        true => continued::lines(text, true),
        false => text.split_inclusive('\n').collect(),
    };
    let start: Vec<_> = start.split(' ').map(plain).collect();
    let end: Vec<_> = line.split_whitespace().skip(start.len()).collect();
    // What is behind the words of the line, if that begins with the same ones.
    let behind = |old: &str| {
        let mut words = continued::words(old);
        let rest = words.split_off(words.len().min(start.len()));
        words
            .iter()
            .map(|word| plain(word))
            .eq(start.iter().cloned())
            .then_some(rest)
    };
    // What is behind a name, modprobe passes over and OpenRC takes for options; systemd takes the
    // whole line for the name.
    let is_said = |rest: &Vec<String>| *rest == end || end.is_empty() && file != LOAD;
    let mut is_set = old
        .iter()
        .any(|old| behind(old).is_some_and(|rest| is_said(&rest)));
    let mut out = String::new();
    for old in old {
        if behind(old).is_none_or(|rest| is_said(&rest)) {
            out += old;
        } else if !is_set {
            is_set = true;
            out += line;
            out += if old.ends_with('\n') { "\n" } else { "" };
        }
    }
    if !is_set {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        if is_continued && out.ends_with("\\\n") {
            out.push('\n');
        }
        out += line;
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
