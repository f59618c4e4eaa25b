//! `locale`: sets the language of programs, and the layout of the console's keyboard.
//!
//! Locales are compiled by a program of the image, which hsb does not run: one that is not there
//! yet is an error, or where the image has `/etc/locale.gen` a line there and a warning. See
//! locale.conf(5), locale.gen(5), vconsole.conf(5).

mod archive;
mod compiled;
mod keymap;
mod name;
mod xkb;

use serde::Deserialize;

use crate::assignments::{self, Quotes};
use crate::installed;
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};
use name::Name;

/// What systemd and most distributions read.
const CONF: &str = "/etc/locale.conf";

/// What Debian's PAM reads.
const DEBIAN: &str = "/etc/default/locale";

/// Which locales locale-gen(8) compiles.
const GEN: &str = "/etc/locale.gen";

/// What pam_env(8) sets for everybody.
const ENVIRONMENT: &str = "/etc/environment";

/// What login shells of Alpine read, before its own file of the number 20.
const PROFILE: &str = "/etc/profile.d/10-locale.sh";

pub(crate) const MODULE: Module = Module {
    name: "locale",
    summary: "sets the language of programs and the layout of the console's keyboard",
    details: "\
Sets `LANG` in `/etc/locale.conf`, on Debian in `/etc/default/locale`, on musl in `/etc/profile.d`,
and takes `LC_ALL` out there, which would count before it.
A locale other than C, POSIX and C.UTF-8 must be compiled in the source: hsb does not run localedef.
Where the image has `/etc/locale.gen`, its line there becomes active instead, with a warning that
locale-gen must run. The keymap is set in `/etc/vconsole.conf`, Debian's `/etc/default/keyboard` and
OpenRC's `/etc/conf.d/loadkmap` or `/etc/conf.d/keymaps`, wherever the image has use for them.
Debian's file has layouts of X: those of systemd's kbd-model-map, else a layout or `LAYOUT-VARIANT`
that the image's XKB has. Variants and switches of the layouts before go.",
    keys: &["locale", "keymap"],
    options: &[
        OptionDoc::optional("locale", Shape::Text, "what LANG is, as in de_DE.UTF-8"),
        OptionDoc::optional(
            "keymap",
            Shape::Text,
            "the layout of the console's keyboard, as in de or de-latin1",
        ),
    ],
    example: "modules: [locale]\nlocale: en_GB.UTF-8\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    locale: Option<Spanned<String>>,
    keymap: Option<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { locale, keymap } = cfg.options()?;
    if locale.is_none() && keymap.is_none() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give `locale`, `keymap` or both"));
    }
    for (what, name, signs) in [("locale", &locale, "_.@-"), ("keymap", &keymap, "_.+-")] {
        let Some(name) = name else { continue };
        let is_odd = |c: &char| !c.is_ascii_alphanumeric() && !signs.contains(*c);
        if name.is_empty() || name.starts_with('.') {
            return Err(name.error(format!("{:?} is no {what}", **name)));
        }
        if let Some(odd) = name.chars().find(is_odd) {
            let message = format!(
                "{what} {:?} has {odd:?}; only letters, digits and \"{signs}\" are allowed",
                **name
            );
            return Err(name.error(message));
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { locale, keymap } = cfg.options()?;
    if let Some(locale) = locale {
        set_locale(root, &locale)?;
    }
    if let Some(keymap) = keymap {
        keymap::set(root, &keymap)?;
    }
    Ok(())
}

fn set_locale(root: &mut Root<'_>, locale: &Spanned<String>) -> Result<(), Error> {
    if installed::musl(root) {
        // Programs that musl knows no translation for speak English, and work.
        assignments::export(root, PROFILE, "LANG", locale)?;
        assignments::unset(root, PROFILE, "LC_ALL")?;
        return warn_of_environment(root, locale);
    }
    provide(root, locale)?;
    let lang = [("LANG", locale.as_str())];
    let mut files: Vec<&str> = [CONF, DEBIAN]
        .into_iter()
        .filter(|f| root.is_file(f))
        .collect();
    if files.is_empty() {
        files.push(if installed::dpkg(root) { DEBIAN } else { CONF });
    }
    for file in files {
        assignments::set(root, file, &lang, Quotes::Needed)?;
        // It counts before LANG, and for everything.
        assignments::unset(root, file, "LC_ALL")?;
        if let Some(languages) = assignments::value(root, file, "LANGUAGE")? {
            let languages = languages.escape_ascii();
            root.warn_at(
                locale.span,
                format!("{file} sets LANGUAGE to {languages}, which messages are in before LANG"),
            );
        }
    }
    warn_of_environment(root, locale)
}

/// Warns of a variable that PAM sets for everybody and that counts before LANG.
fn warn_of_environment(root: &mut Root<'_>, locale: &Spanned<String>) -> Result<(), Error> {
    let Some(value) = assignments::value(root, ENVIRONMENT, "LC_ALL")? else {
        return Ok(());
    };
    if value != locale.as_bytes() {
        let value = value.escape_ascii();
        root.warn_at(
            locale.span,
            format!("{ENVIRONMENT} sets LC_ALL to {value}, which counts before LANG"),
        );
    }
    Ok(())
}

/// Sees to it that the image has the locale, or will have it.
fn provide(root: &mut Root<'_>, locale: &Spanned<String>) -> Result<(), Error> {
    let is_there = compiled::has(root, locale)?;
    if !is_there && !compiled::can_be_made(root, locale) {
        return Err(missing(root, locale)?.into());
    }
    let is_listed = match root.read_if_exists(GEN)? {
        None => false,
        Some(_) if compiled::is_built_in(locale) => true,
        Some(list) => match listed(&list, locale) {
            Some(list) => {
                root.write(GEN, list)?;
                true
            }
            None => false,
        },
    };
    if is_there {
        return Ok(());
    }
    if is_listed {
        root.warn_at(
            locale.span,
            format!(
                "locale {:?} is not compiled: {GEN} lists it now, run locale-gen in the image",
                **locale
            ),
        );
        return Ok(());
    }
    Err(missing(root, locale)?.into())
}

fn missing(root: &Root<'_>, locale: &Spanned<String>) -> Result<ValueError, RootError> {
    let error = locale.error(format!("the image has no locale {:?}", **locale));
    let help = match compiled::names(root)? {
        names if names.is_empty() => "compile it in the source, or take C.UTF-8".to_owned(),
        names => format!("it has C.UTF-8, {}", names.join(", ")),
    };
    Ok(error.help(help))
}

/// Returns a locale.gen(5) with an active line for a locale; nothing when its charset is unknown.
fn listed(list: &[u8], locale: &str) -> Option<Vec<u8>> {
    let wanted = Name::new(locale).normal();
    let is_of = |line: &[u8]| {
        let name = line.split(u8::is_ascii_whitespace).next();
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        name.is_some_and(|name| Name::new(name).normal() == wanted)
    };
    let bare = |line: &[u8]| -> Vec<u8> {
        let line = line.trim_ascii();
        line.strip_prefix(b"#")
            .unwrap_or(line)
            .trim_ascii_start()
            .to_vec()
    };
    let mut lines: Vec<Vec<u8>> = list
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if lines.iter().any(|line| is_of(line)) {
        return Some(list.to_vec());
    }
    if let Some(line) = lines.iter_mut().find(|line| is_of(&bare(line))) {
        *line = bare(line);
        line.push(b'\n');
    } else {
        let line = Name::new(locale).line()?;
        if lines.last().is_some_and(|last| !last.ends_with(b"\n")) {
            lines.push(b"\n".to_vec());
        }
        lines.push((line + "\n").into_bytes());
    }
    Some(lines.concat())
}

#[cfg(test)]
mod tests;
