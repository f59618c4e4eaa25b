//! `modules_load`: which modules the kernel loads at each boot, which never, and with what options.
//!
//! See modules-load.d(5), modprobe.d(5).

use serde::Deserialize;

use crate::continued;
use crate::installed;
use crate::named::Named;
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};

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
`/etc/modprobe.d/hsb.conf`. A module that no kernel of the image has is named in a warning. What is
loaded by an initramfs is decided when that is made, which hsb does not do.",
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
    let plain = |name: &str| name.replace('-', "_");
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
        if options.trim().is_empty() || options.contains('\n') {
            return Err(options.error(format!(
                "the options of {} are not one line of text",
                **name
            )));
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
    for name in &modules_load {
        if is_missing(root, name)? {
            root.warn_at(
                name.span,
                format!("no kernel of the image has the module {}", **name),
            );
        }
    }
    Ok(())
}

/// Adds lines to a file, each in place of the one that begins with the same words.
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
    let mut text = root.text_to_change(file)?;
    for (start, line) in lines {
        text = set(&text, &start, &line, file == PROBE);
    }
    root.write(file, text)
}

/// Returns a text with a line in place of those that begin with the same words. In modprobe.d(5) a
/// line goes on in the next one behind `\`, a comment as well.
fn set(text: &str, start: &str, line: &str, is_continued: bool) -> String {
    let old = match is_continued {
        true => continued::lines(text, true),
        false => text.split_inclusive('\n').collect(),
    };
    // `-` and `_` are one letter to the kernel.
    let plain = |word: &str| word.replace('-', "_");
    let is_same = |old: &str| {
        let words = continued::words(old).into_iter().map(|word| plain(&word));
        let wanted: Vec<_> = start.split(' ').map(plain).collect();
        words.take(wanted.len()).eq(wanted)
    };
    let mut is_set = false;
    let mut out = String::new();
    for old in old {
        if is_same(old) {
            is_set = true;
            out += line;
            out += if old.ends_with('\n') { "\n" } else { "" };
        } else {
            out += old;
        }
    }
    if !is_set {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out += line;
        out.push('\n');
    }
    out
}

/// Returns whether the image has kernels with modules, and none of them this one.
fn is_missing(root: &Root<'_>, name: &str) -> Result<bool, RootError> {
    let mut kernels = 0;
    for file in ["modules.dep", "modules.builtin"] {
        for path in root.glob(format!("/lib/modules/*/{file}")) {
            kernels += 1;
            let text = root.read(&path)?;
            if text.split(|b| *b == b'\n').any(|line| is_of(line, name)) {
                return Ok(false);
            }
        }
    }
    Ok(kernels > 0)
}

/// Returns whether a line of modules.dep(5) or modules.builtin is of a module: its file has its
/// name, whichever of `-` and `_` that has.
fn is_of(line: &[u8], name: &str) -> bool {
    let path = line.split(|b| *b == b':').next().unwrap_or_default();
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let stem = file.split(|b| *b == b'.').next().unwrap_or_default();
    let plain = |name: &[u8]| -> Vec<u8> {
        name.iter()
            .map(|b| if *b == b'-' { b'_' } else { *b })
            .collect()
    };
    plain(stem) == plain(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{LOAD, OLD, PROBE};
    use crate::kit::{read, refusal, twice, value};

    #[test]
    fn files() {
        let recipe = value!({
            "modules_load": ["br_netfilter", "dm-mod"],
            "modules_blacklist": ["pcspkr"],
            "modules_options": {"kvm_intel": "nested=1"},
        });
        for (files, load, text, probe) in [
            (
                &[][..],
                LOAD,
                "br_netfilter\ndm-mod\n",
                "blacklist pcspkr\noptions kvm_intel nested=1\n",
            ),
            (
                &[
                    (OLD, "# old\nloop"),
                    (PROBE, "# mine\noptions kvm-intel nested=0\noptions kvm x=1"),
                ],
                OLD,
                "# old\nloop\nbr_netfilter\ndm-mod\n",
                "# mine\noptions kvm_intel nested=1\noptions kvm x=1\nblacklist pcspkr\n",
            ),
            (
                &[
                    (OLD, ""),
                    ("/usr/lib/systemd/systemd", ""),
                    (LOAD, "dm_mod\n#\n"),
                ],
                LOAD,
                "dm-mod\n#\nbr_netfilter\n",
                "blacklist pcspkr\noptions kvm_intel nested=1\n",
            ),
            (
                &[(
                    PROBE,
                    "# c \\\nblacklist pcspkr\noptions \\\n kvm-intel nested=0 \\\n  ept=0\noptions kvm x \\\n y",
                )],
                LOAD,
                "br_netfilter\ndm-mod\n",
                "# c \\\nblacklist pcspkr\noptions kvm_intel nested=1\noptions kvm x \\\n y\nblacklist pcspkr\n",
            ),
        ] {
            let (tree, done) = twice(files, "modules_load", &recipe).unwrap();
            assert_eq!(read(&tree, load), text);
            assert_eq!(read(&tree, PROBE), probe);
            assert_eq!(done.warnings, [""; 0]);
        }
    }

    #[test]
    fn modules_that_no_kernel_has() {
        for (name, warned) in [
            ("br_netfilter", false),
            ("dm-mod", false),
            ("loop", false),
            ("nope", true),
        ] {
            let files = [
                (
                    "/lib/modules/6.1/modules.dep",
                    "kernel/net/br_netfilter.ko.xz: kernel/x.ko\n",
                ),
                (
                    "/lib/modules/6.1/modules.builtin",
                    "kernel/drivers/block/loop.ko\nkernel/dm-mod.ko\n",
                ),
            ];
            let (_, done) =
                twice(&files, "modules_load", &value!({"modules_load": [name]})).unwrap();
            let want = warned.then(|| format!("no kernel of the image has the module {name}"));
            assert_eq!(done.warnings, Vec::from_iter(want));
        }
    }

    #[test]
    fn refusals() {
        for (recipe, message) in [
            (value!({}), "the step has nothing to do"),
            (
                value!({"modules_load": ["a b"]}),
                "\"a b\" is no name of a module",
            ),
            (
                value!({"modules_blacklist": [""]}),
                "\"\" is no name of a module",
            ),
            (
                value!({"modules_load": ["a-b"], "modules_blacklist": ["c", "a_b"]}),
                "a_b is in `modules_load`, too",
            ),
            (
                value!({"modules_options": {"a/b": "c=1"}}),
                "\"a/b\" is no name of a module",
            ),
            (
                value!({"modules_options": {"a": " "}}),
                "the options of a are not one line of text",
            ),
        ] {
            assert_eq!(refusal(&[], "modules_load", &recipe), message);
        }
    }
}
