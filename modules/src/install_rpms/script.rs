//! The scripts of packages: what becomes of each.
//!
//! Nothing of the image is run. A script that only tells a running system of what is new has
//! nothing to do. One that is understood whole is done to the tree. Of the others, those that may
//! come after the files are left for the first boot, by a unit that removes itself.

mod file_trigger;
mod later;
mod read;
mod trigger;

use std::collections::BTreeSet;

use super::candidate::Candidate;
use super::store::Installed;
use crate::first_boot::{self, Task};
use crate::root::any_text;
use crate::rpm::header::Header;
use crate::script::policy::Policy;
pub(super) use crate::script::policy::{Policies, SHAPE};
use crate::script::{Understood, command, excerpt, run, understand};
use crate::value::{Span, ValueError};
use crate::{Error, Root, lua};
pub(super) use file_trigger::Side;
pub(super) use read::{Slot, When};
pub(super) use trigger::{Changes, Course, Member};

/// A script that rpm would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script<'p> {
    /// Whose it is.
    package: String,
    slot: Slot,
    /// The program that reads it, with its arguments.
    program: Vec<String>,
    text: String,
    /// Whether rpm would change the text before, by macros or by a query.
    is_expanded: bool,
    /// How many of the package there are afterwards, and for triggers, how many of the other.
    arguments: Vec<u32>,
    /// What it reads from its standard input.
    paths: Vec<&'p [u8]>,
    /// Where the package lies, if it may be put elsewhere.
    prefixes: Vec<String>,
}

/// What becomes of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Class {
    /// It is done to the tree: commands that change something, or only say whether all is right.
    Native(Understood),
    /// It is in Lua, and run as rpm would run it.
    Lua,
    /// It is left for the first boot.
    FirstBoot,
    /// It is not run.
    Skipped,
}

/// Programs that make users and groups.
const MAKERS: [&str; 5] = [
    "useradd",
    "groupadd",
    "adduser",
    "addgroup",
    "systemd-sysusers",
];

/// The scripts of one step.
pub(super) struct Scripts<'p> {
    policies: &'p Policies,
    later: Vec<Task>,
    /// What may be why a user or group is missing, with a text that names it.
    undone: Vec<(String, String)>,
    /// What was warned of: a trigger for files fires for many packages.
    warned: BTreeSet<String>,
}

impl<'p> Scripts<'p> {
    pub(super) fn new(policies: &'p Policies) -> Self {
        Self {
            policies,
            later: Vec::new(),
            undone: Vec::new(),
            warned: BTreeSet::new(),
        }
    }

    /// Does what the script of a slot asks for. `count` is how many versions of the package there
    /// are afterwards.
    pub(super) fn slot(
        &mut self,
        root: &mut Root<'_>,
        (name, header, span): (&str, &Header, Span),
        slot: Slot,
        count: u32,
    ) -> Result<(), Error> {
        match read::script(header, name, slot, count) {
            Some(script) => self.act(root, script, span),
            None => Ok(()),
        }
    }

    /// Does what triggers ask for.
    pub(super) fn triggers<'c>(
        &mut self,
        root: &mut Root<'_>,
        scripts: impl IntoIterator<Item = Script<'c>>,
        span: Span,
    ) -> Result<(), Error> {
        for script in scripts {
            self.act(root, script, span)?;
        }
        Ok(())
    }

    fn act(&mut self, root: &mut Root<'_>, script: Script<'_>, span: Span) -> Result<(), Error> {
        let policy = self.policies.of(&script.package);
        let wrong = |message| Error::from(ValueError::new(span, message));
        let mut class = script.classify(root, policy).map_err(wrong)?;
        let name = script.name();
        let mut failed = None;
        if class == Class::Lua {
            match lua::run(root, &script.text, &script.arguments, &script.paths)? {
                lua::Outcome::Done => {}
                lua::Outcome::Failed(why) => failed = Some(format!("fails: {why}")),
                lua::Outcome::Undone(why) => {
                    root.info(format!("script {name}: cannot be done, {why}"));
                    class = script.leave(root, policy).map_err(wrong)?;
                }
            }
        }
        if let Class::Native(understood) = &class {
            match run::attempt(root, understood, &script.package)? {
                run::Outcome::Status(0) => {}
                run::Outcome::Status(status) => {
                    failed = Some(format!("ends with status {status}"));
                }
                run::Outcome::Undone(why) => {
                    root.info(format!("script {name}: cannot be done, {why}"));
                    class = script.leave(root, policy).map_err(wrong)?;
                }
            }
        }
        root.info(format!("script {name}: {}", class.describe()));
        if let Some(why) = failed {
            if script.slot.may_refuse() {
                let error = ValueError::new(span, format!("the script {name} {why}"));
                let help = match script.slot {
                    Slot::Preun => "rpm does not remove the package then either",
                    _ => "rpm does not install the package then either",
                };
                let help = format!("{help}; `scriptlets` may leave the script out");
                return Err(error.help(help).into());
            }
            let lines = script.excerpt();
            self.warn(root, format!("the script {name} {why}: {lines}"));
        }
        if matches!(class, Class::FirstBoot | Class::Skipped) {
            let lines = script.excerpt();
            self.undone.push((
                format!("the script {name}, which is not run, may do that: {lines}"),
                script.text.clone(),
            ));
        }
        match class {
            Class::Native(_) | Class::Lua => {}
            Class::FirstBoot => self.later.push(later::task(&script)),
            Class::Skipped if policy == Policy::Skip => {}
            Class::Skipped => {
                let lines = script.excerpt();
                self.warn(root, format!("the script {name} is not run: {lines}"));
            }
        }
        Ok(())
    }

    /// Notes why users or groups may be missing.
    pub(super) fn note_undone(&mut self, undone: Vec<(String, String)>) {
        self.undone.extend(undone);
    }

    /// Says why a user or group may be missing.
    pub(super) fn may_make(&self, who: &str) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let names = |text: &str, any: &[&str]| {
            let mut words = text.split(|c| !is_part(c));
            words.any(|word| any.contains(&word))
        };
        let last = |any: &[&str]| self.undone.iter().rev().find(|(_, text)| names(text, any));
        let found = last(&[who]).or_else(|| last(&MAKERS));
        found.map(|(why, _)| why.clone())
    }

    fn warn(&mut self, root: &mut Root<'_>, message: String) {
        if self.warned.insert(message.clone()) {
            root.warn(message);
        }
    }

    /// Writes down what is left for the first boot.
    pub(super) fn finish(self, root: &mut Root<'_>) -> Result<(), Error> {
        first_boot::add(root, &self.later)?;
        Ok(())
    }
}

/// Returns a package as [`Scripts::slot`] wants it.
pub(super) fn of_new(candidate: &Candidate) -> (&str, &Header, Span) {
    let package = &candidate.package;
    (&package.identity.name, &package.header, candidate.file.span)
}

/// Returns a package that was there as [`Scripts::slot`] wants it.
pub(super) fn of_old(installed: &Installed, span: Span) -> (&str, &Header, Span) {
    (&installed.identity.name, &installed.header, span)
}

impl Script<'_> {
    /// Returns package and slot, as messages call the script.
    fn name(&self) -> String {
        format!("{}.{}", self.package, self.slot.name())
    }

    fn classify(&self, root: &Root<'_>, policy: Policy) -> Result<Class, String> {
        if policy == Policy::Skip {
            return Ok(Class::Skipped);
        }
        match self.understand().filter(|it| run::is_possible(root, it)) {
            Some(understood) if policy != Policy::FirstBoot || understood.programs.is_empty() => {
                return Ok(Class::Native(understood));
            }
            _ => {}
        }
        if self.is_known_lua() && policy != Policy::FirstBoot {
            return Ok(Class::Lua);
        }
        self.leave(root, policy)
    }

    /// Returns what becomes of a script that is not understood.
    fn leave(&self, root: &Root<'_>, policy: Policy) -> Result<Class, String> {
        let why_not = later::refusal(root, self);
        match (policy, why_not) {
            (Policy::Fail, _) => Err(format!(
                "the script {} would have to run: {}",
                self.name(),
                self.excerpt()
            )),
            (Policy::FirstBoot, Some(why)) => Err(format!(
                "the script {} cannot be left for the first boot: {why}",
                self.name()
            )),
            (Policy::Auto, None) if self.slot.is_too_late_afterwards() => Ok(Class::Skipped),
            (_, None) => Ok(Class::FirstBoot),
            (_, Some(_)) => Ok(Class::Skipped),
        }
    }

    /// Returns the script as commands that are all known, and the programs of those that change
    /// something.
    fn understand(&self) -> Option<Understood> {
        if self.is_expanded || self.asks_for_counts() {
            return None;
        }
        let program: Vec<&str> = self.program.iter().map(String::as_str).collect();
        if let [program] = *program
            && command::program(program) == "ldconfig"
            && self.text.trim().is_empty()
        {
            return Some(Understood::default());
        }
        let arguments = match &*self.arguments {
            [] => vec!["1".to_owned()],
            numbers => numbers.iter().map(u32::to_string).collect(),
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        understand(&program, &self.text, &arguments)
    }

    /// Returns whether a trigger for files looks at its arguments: before rpm 4.20 they are always 0.
    fn asks_for_counts(&self) -> bool {
        let mut after = self.text.split('$').skip(1);
        let asks = |c: char| c.is_ascii_digit() || "#@*{".contains(c);
        let is_of_files = matches!(self.slot, Slot::FileTrigger(_) | Slot::TransFileTrigger(_));
        is_of_files && after.any(|rest| rest.starts_with(asks))
    }

    /// Returns whether it is a script in Lua that can be run.
    fn is_known_lua(&self) -> bool {
        let is_text = !self.text.contains(any_text::is_byte);
        is_text && !self.is_expanded && self.program == ["<lua>"] && lua::is_known(&self.text)
    }

    /// Returns the first lines that say something.
    fn excerpt(&self) -> String {
        match &*excerpt(&self.text) {
            "" => self.program.join(" "),
            lines => lines.to_owned(),
        }
    }
}

impl Class {
    fn describe(&self) -> String {
        match self {
            Self::Native(understood) => understood.describe(),
            Self::Lua => "done (Lua)".to_owned(),
            Self::FirstBoot => "left for the first boot".to_owned(),
            Self::Skipped => "not run".to_owned(),
        }
    }
}
