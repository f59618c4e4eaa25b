//! The scripts of packages, as far as they are understood.
//!
//! - `token` and `word` take a script apart, `syntax` reads the shell's language, `command` knows programs, `test` questions, `run` does
//!   what they do
//! - `account`, `alternative`, `file`, `getent`, `update_helper`: programs with more to them, and those that only Debian has:
//!   `adduser`, `deb_systemd`, `divert`, `dpkg_trigger`, `init_script`, `old_conffile`
//! - `policy`: what users want to become of scripts

mod account;
mod adduser;
mod alternative;
pub(crate) mod command;
mod deb_systemd;
mod divert;
pub(crate) mod dpkg_trigger;
mod file;
mod getent;
mod init_script;
mod old_conffile;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod syntax;
mod test;
mod token;
mod update_helper;
mod word;

use crate::root::any_text::is_byte;
use syntax::List;

/// How many lines of a script messages show.
const LINES: usize = 3;

/// How long a line of these may be, in characters.
const WIDTH: usize = 60;

/// Returns the first lines that say something; empty if there are none.
pub(crate) fn excerpt(text: &str) -> String {
    let text = text.replace(is_byte, "\u{fffd}");
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cut = |line: &str| match line.char_indices().nth(WIDTH) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line.to_owned(),
    };
    let first: Vec<_> = lines.by_ref().take(LINES).map(cut).collect();
    let more = if lines.next().is_some() { " / ..." } else { "" };
    match &*first {
        [] => String::new(),
        first => first.join(" / ") + more,
    }
}

/// The shells whose scripts are read.
const SHELLS: [&str; 4] = ["/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash"];

/// What bash alone has: another comparison, and other ways to redirect.
const BASHISMS: [&str; 3] = ["==", "&>", ">&/"];

/// A script as commands that are all known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Understood {
    pub(crate) list: List,
    /// The programs of those that change something.
    pub(crate) programs: Vec<String>,
    /// Whether it ends at the first command that fails, from the start on.
    pub(crate) is_strict: bool,
    /// Whether it has what only bash does so, but asks for any shell.
    pub(crate) needs_bash: bool,
}

impl Understood {
    /// Returns whether it has a command of that program.
    fn calls(&self, program: &str) -> bool {
        self.programs.iter().any(|known| known == program)
    }

    /// Says what is done, for people.
    pub(crate) fn describe(&self) -> String {
        match &*self.programs {
            [] => "nothing to do in an image".to_owned(),
            programs => format!("done ({})", programs.join(", ")),
        }
    }
}

/// Reads a script that a program gets with arguments; returns nothing when it is not understood.
pub(crate) fn understand(program: &[&str], text: &str, arguments: &[&str]) -> Option<Understood> {
    let is_strict = match *program {
        [shell] if SHELLS.contains(&shell) => false,
        [shell, "-e"] if SHELLS.contains(&shell) => true,
        _ => return None,
    };
    // Other blanks are part of words, and bytes that are no characters cannot be shown.
    let is_odd = |c: char| c == char::REPLACEMENT_CHARACTER || is_byte(c);
    let is_other_blank = |c: char| c.is_whitespace() && !" \t\n".contains(c);
    if text.contains(|c| is_odd(c) || is_other_blank(c)) {
        return None;
    }
    let list = syntax::parse(text, arguments)?;
    let mut programs = Vec::new();
    run::is_known(&list, &mut programs).then_some(Understood {
        list,
        programs,
        is_strict,
        needs_bash: program[0].ends_with("/sh") && BASHISMS.iter().any(|what| text.contains(what)),
    })
}
