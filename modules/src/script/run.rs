//! A script that is understood, done to the image.

use super::Understood;
use super::command::{self, Command, UnitChange};
use super::init_script::InitScript;
use super::syntax::{Body, Chain, Item, Joint, List};
use super::update_helper::UpdateHelper;
use crate::RootError;
use crate::dropins::{self, Line};
use crate::sysusers::allocation;
use crate::tmpfiles::create;
use crate::units::{self, Later, UnitError};
use crate::{Error, Root, ca_trust, installed};

/// Files by which systemd sees at boot whether `/etc` and `/var` are older than `/usr`
/// (systemd.unit(5), `ConditionNeedsUpdate`).
const UPDATED: [&str; 2] = ["/etc/.updated", "/var/.updated"];

/// Programs of which scripts are told that there are none where the image has none.
const PROGRAMS: [(&str, &[&str]); 3] = [
    ("deb-systemd-helper", &["/usr/bin/deb-systemd-helper"]),
    ("systemctl", &["/usr/bin/systemctl", "/bin/systemctl"]),
    (
        "systemd-update-helper",
        &["/usr/lib/systemd/systemd-update-helper"],
    ),
];

/// Where folders of drop-ins are, the first that counts first.
const FOLDERS: [&str; 3] = ["/etc", "/run", "/usr/lib"];

/// The status of a program that is not there.
const NOT_FOUND: u8 = 127;

/// Returns the programs that a list calls, and whether all of it is known; what cannot be reached
/// need not be.
pub(crate) fn is_known(list: &List, programs: &mut Vec<String>) -> bool {
    list.iter().all(|chain| {
        let mut known = is_item_known(&chain.first, programs);
        let mut status = constant(&chain.first);
        for (joint, item) in &chain.rest {
            let is_dead = status == Some(*joint == Joint::Or);
            if !is_dead {
                known &= is_item_known(item, programs);
                status = constant(item).filter(|_| status.is_some());
            }
        }
        known
    })
}

fn is_item_known(item: &Item, programs: &mut Vec<String>) -> bool {
    match &item.body {
        Body::Group(list) => is_known(list, programs),
        Body::Command(words) => {
            let Some(command) = command::parse(words) else {
                return false;
            };
            let does = !matches!(
                command,
                Command::Idle(_)
                    | Command::Exit(_)
                    | Command::Test(_)
                    | Command::Strict(_)
                    | Command::HasProgram(_)
                    | Command::Getent(_)
                    | Command::UpdateHelper(UpdateHelper::Idle)
            );
            let program = command::program(&words[0]).to_owned();
            if does && !programs.contains(&program) {
                programs.push(program);
            }
            true
        }
        Body::If(branches, otherwise) => {
            for (condition, then) in branches {
                if !is_known(condition, programs) {
                    return false;
                }
                match constant_list(condition) {
                    Some(false) => {}
                    Some(true) => return is_known(then, programs),
                    None if is_known(then, programs) => {}
                    None => return false,
                }
            }
            is_known(otherwise, programs)
        }
    }
}

/// Returns the status of what does not depend on the image.
fn constant(item: &Item) -> Option<bool> {
    let Body::Command(words) = &item.body else {
        return None;
    };
    let status = match command::parse(words)? {
        Command::Idle(status) => status,
        Command::Strict(_) => true,
        Command::Test(test) => test.constant()?,
        _ => return None,
    };
    Some(status != item.is_negated)
}

fn constant_list(list: &List) -> Option<bool> {
    let [Chain { first, rest }] = &**list else {
        return None;
    };
    let mut status = constant(first);
    for (joint, item) in rest {
        status = match (joint, status, constant(item)) {
            (Joint::And, Some(false), _) | (Joint::And, _, Some(false)) => Some(false),
            (Joint::Or, Some(true), _) | (Joint::Or, _, Some(true)) => Some(true),
            (_, Some(_), next) => next,
            _ => None,
        };
    }
    status
}

/// How a list ended.
enum Flow {
    Status(u8),
    Exit(u8),
    /// It asked for more than is understood.
    Undone(String),
}

/// What came of a script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Status(u8),
    /// It asked for more than is understood, and so nothing is left of what it did.
    Undone(String),
}

/// Returns whether a script can be done to this image: some programs do more in others.
pub(crate) fn is_possible(root: &Root<'_>, script: &Understood) -> bool {
    (!script.calls("update-rc.d") || InitScript::is_possible(root))
        && (!script.needs_bash || has_bash_as_shell(root))
}

/// Returns whether `/bin/sh` is bash, as it is in some distributions.
fn has_bash_as_shell(root: &Root<'_>) -> bool {
    let number = |path: &str| root.stat_links(path, true).map(|stat| stat.number).ok();
    let shell = number("/bin/sh");
    shell.is_some() && shell == number("/bin/bash")
}

/// Returns whether all of a script can be done, whatever is in the files that it reads.
pub(crate) fn is_sure(script: &Understood) -> bool {
    !script.calls("update-ca-trust")
}

/// Does what a script of a package says, or nothing at all.
pub(crate) fn attempt(
    root: &mut Root<'_>,
    script: &Understood,
    package: &str,
) -> Result<Outcome, Error> {
    let may_stop = !is_sure(script);
    if may_stop {
        root.attempt();
    }
    let mut shell = Shell {
        root,
        package,
        is_strict: script.is_strict,
        status: 0,
    };
    let flow = shell.list(&script.list, false);
    if may_stop {
        root.decide(!matches!(flow, Ok(Flow::Undone(_))));
    }
    Ok(match flow? {
        Flow::Status(status) | Flow::Exit(status) => Outcome::Status(status),
        Flow::Undone(why) => Outcome::Undone(why),
    })
}

/// Does what a script of a package says; returns its status. What is not understood is a failure.
pub(crate) fn run(root: &mut Root<'_>, script: &Understood, package: &str) -> Result<u8, Error> {
    Ok(match attempt(root, script, package)? {
        Outcome::Status(status) => status,
        Outcome::Undone(_) => 1,
    })
}

/// A script at work.
struct Shell<'r, 't> {
    root: &'r mut Root<'t>,
    package: &'r str,
    /// Whether it ends at the first command that fails (`set -e`).
    is_strict: bool,
    /// That of the last command.
    status: u8,
}

impl Shell<'_, '_> {
    /// Does a list; in what decides about others, failures end nothing.
    fn list(&mut self, list: &List, is_condition: bool) -> Result<Flow, Error> {
        let mut status = 0;
        for Chain { first, rest } in list {
            let mut flow = self.item(first, is_condition || !rest.is_empty())?;
            for (index, (joint, item)) in rest.iter().enumerate() {
                let is_last = index + 1 == rest.len();
                match (joint, &flow) {
                    (Joint::And, Flow::Status(0)) | (Joint::Or, Flow::Status(1..)) => {
                        flow = self.item(item, is_condition || !is_last)?;
                    }
                    _ => {}
                }
            }
            match flow {
                Flow::Status(last) => status = last,
                end => return Ok(end),
            }
        }
        Ok(Flow::Status(status))
    }

    fn item(&mut self, item: &Item, is_condition: bool) -> Result<Flow, Error> {
        let is_condition = is_condition || item.is_negated;
        let flow = match &item.body {
            Body::Command(words) => self.command(words, is_condition)?,
            Body::Group(list) => self.list(list, is_condition)?,
            Body::If(branches, otherwise) => self.branches(branches, otherwise, is_condition)?,
        };
        Ok(match flow {
            Flow::Status(status) => {
                self.status = match item.is_negated {
                    true => u8::from(status == 0),
                    false => status,
                };
                Flow::Status(self.status)
            }
            end => end,
        })
    }

    fn branches(
        &mut self,
        branches: &[(List, List)],
        otherwise: &List,
        is_condition: bool,
    ) -> Result<Flow, Error> {
        for (condition, then) in branches {
            match self.list(condition, true)? {
                Flow::Status(0) => return self.list(then, is_condition),
                Flow::Status(_) => {}
                end => return Ok(end),
            }
        }
        self.list(otherwise, is_condition)
    }

    fn command(&mut self, words: &[String], is_condition: bool) -> Result<Flow, Error> {
        match command::parse(words) {
            Some(Command::Strict(is_strict)) => self.is_strict = is_strict,
            Some(Command::Exit(None)) => return Ok(Flow::Exit(self.status)),
            _ => {}
        }
        Ok(match run_command(self.root, words, self.package)? {
            Flow::Status(status @ 1..) if self.is_strict && !is_condition => Flow::Exit(status),
            flow => flow,
        })
    }
}

fn run_command(root: &mut Root<'_>, words: &[String], package: &str) -> Result<Flow, Error> {
    // OK to go on without: all of the script was seen to be known.
    let Some(command) = command::parse(words) else {
        return Ok(Flow::Status(NOT_FOUND));
    };
    let name = command::program(&words[0]);
    let places = PROGRAMS.iter().find(|(program, _)| *program == name);
    if places.is_some_and(|(_, places)| !places.iter().any(|path| root.exists(path))) {
        return Ok(Flow::Status(NOT_FOUND));
    }
    let is_done = match &command {
        Command::Idle(status) => *status,
        Command::Cache => {
            for path in UPDATED
                .iter()
                .filter(|path| root.lstat(path).is_ok())
                .collect::<Vec<_>>()
            {
                root.remove(path)?;
            }
            true
        }
        Command::Exit(status) => return Ok(Flow::Exit(status.unwrap_or(0))),
        Command::Strict(_) => true,
        Command::HasProgram(name) => installed::command(root, name),
        Command::Test(test) => test.answer(root)?,
        Command::Getent(getent) => getent.is_there(root)?,
        Command::AddGroup(group) => group.run(root)?,
        Command::AddUser(user) => user.run(root)?,
        Command::JoinGroups(join) => join.run(root)?,
        Command::Units(change, units) => change_units(root, *change, units)?,
        Command::UpdateHelper(helper) => helper.run(root)?,
        Command::Adduser(adduser) => adduser.run(root)?,
        Command::Divert(divert) => divert.run(root, package)?,
        Command::InitScript(script) => script.run(root)?,
        Command::OldConffile(old) => {
            old.run(root, package)?;
            true
        }
        Command::DpkgTrigger(call) => {
            call.run(root, package)?;
            true
        }
        Command::GoneAlternative(gone) => gone.run(root)?,
        Command::Alternative(alternative) => alternative.run(root)?,
        Command::CaLegacy => ca_trust::install_legacy(root)?,
        Command::CaTrust => match ca_trust::update(root) {
            Ok(()) => true,
            Err(ca_trust::Stop::Root(error)) => return Err(error.into()),
            Err(ca_trust::Stop::Unknown(why)) => return Ok(Flow::Undone(why)),
        },
        Command::File(file) => file.run(root)?,
        Command::DebSystemd(action, units) => action.run(root, units)?,
        Command::Sysusers(files) => {
            let lines = match files.is_empty() {
                true => dropins::lines(root, "sysusers.d")?,
                false => lines_of(root, "sysusers.d", files)?,
            };
            allocation::apply(root, &lines)?.is_empty()
        }
        Command::Tmpfiles(files) => {
            let lines = match files.is_empty() {
                true => dropins::lines(root, "tmpfiles.d")?,
                false => lines_of(root, "tmpfiles.d", files)?,
            };
            create::apply(root, &lines)?.is_empty()
        }
    };
    Ok(Flow::Status(u8::from(!is_done)))
}

/// Returns the lines of drop-ins in folders of that name; one that is not there has none.
fn lines_of(root: &Root<'_>, folder: &str, files: &[String]) -> Result<Vec<Line>, RootError> {
    let mut lines = Vec::new();
    for file in files {
        let places = FOLDERS.map(|above| format!("{above}/{folder}/{file}").into_bytes());
        let found = match file.starts_with('/') {
            true => Some(file.as_bytes().to_vec()),
            false => places.into_iter().find(|path| root.is_file(path)),
        };
        let Some(path) = found.filter(|path| root.is_file(path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&root.read(&path)?).into_owned();
        let own = text.lines().map(str::trim);
        let own = own.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.extend(own.map(Line::bare));
    }
    Ok(lines)
}

/// Changes units; one that is not there is a failure, as it is for systemctl.
pub(super) fn change_units(
    root: &mut Root<'_>,
    change: UnitChange,
    units: &[String],
) -> Result<bool, RootError> {
    let mut is_done = true;
    for unit in units {
        let changed = match change {
            UnitChange::Preset => {
                units::preset(root, &[unit], &Later::default()).map_err(|(_, error)| error)
            }
            UnitChange::Enable => units::enable(root, unit).map(drop),
            UnitChange::Disable => units::disable(root, unit).map(drop),
            UnitChange::Mask => units::mask(root, unit).map(drop),
            UnitChange::Unmask => units::unmask(root, unit).map(drop),
        };
        match changed {
            Ok(()) => {}
            Err(UnitError::Root(error)) => return Err(error),
            Err(_) => is_done = false,
        }
    }
    Ok(is_done)
}

#[cfg(test)]
mod tests {
    use super::super::understand;
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn statuses_are_those_of_the_shell() {
        // Each was compared with what dash ends with.
        for (text, want) in [
            ("false\nexit 0", 0),
            ("false\nexit", 1),
            ("! true\nexit", 1),
            ("false\nif false; then :; fi; exit", 0),
            ("set -e\nfalse\nexit 0", 1),
            ("set -e\nfalse || true\nexit 3", 3),
            ("set -e\nfalse && true\nexit 3", 3),
            ("set -e\ntrue && false\nexit 3", 1),
            ("set -e\n! true\nexit 3", 3),
            ("set -e\nif false; then exit 4; fi\nexit 3", 3),
            ("set -e\nif true; then false; fi\nexit 3", 1),
            ("set -e\nif { false; true; }; then exit 4; fi\nexit 3", 4),
            ("set -e\n{ false; exit 4; } || exit 3", 4),
            ("set -e\nset +e\nfalse\nexit 3", 3),
            ("set -e\ncase a in b) exit 4;; a|c) false;; esac\nexit 3", 1),
            ("[ a = a -a b = c ] || [ a = b -o -e /etc ] && exit 3", 3),
            (
                "[ -d /run/systemd/system ] && exit 4; command -v no-such >/dev/null || exit 3",
                3,
            ),
            ("dpkg --compare-versions '' lt 1 && exit 3", 3),
            ("dpkg --compare-versions 1.0 gt 1.0~rc1 && exit 3", 3),
            ("dpkg --compare-versions '' lt-nl 1 || exit 3", 3),
            ("dpkg --compare-versions '' gt-nl 1 && exit 3", 3),
            ("a=b\n[ \"$a\" = b ] && [ ${a} = b ] && exit 3", 3),
            (
                "f() {\n x | y\n}\nif false; then f; z $(f) >/x & fi; exit 3",
                3,
            ),
            (
                "if [ -n \"$2\" ]; then for i in `a`; do b; done; fi; exit 3",
                3,
            ),
        ] {
            let mut tree = image(&[("/etc/x", "")]);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            let script = understand(&["/bin/sh"], text, &["configure", ""]).unwrap();
            assert_eq!(run(&mut root, &script, "x").unwrap(), want, "{text}");
        }
    }
}
