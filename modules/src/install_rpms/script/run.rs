//! A script that is understood, done to the image.

use super::command::{self, Command, Test, UnitChange};
use super::syntax::{Body, Chain, Item, Joint, List};
use crate::dropins::{self, Line};
use crate::root::{RootError, join};
use crate::sysusers::allocation;
use crate::tmpfiles::create;
use crate::units::{self, UnitError};
use crate::{Error, Root};

/// Files by which systemd sees at boot whether `/etc` and `/var` are older than `/usr`
/// (systemd.unit(5), `ConditionNeedsUpdate`).
const UPDATED: [&str; 2] = ["/etc/.updated", "/var/.updated"];

/// Programs of which scripts are told that there are none where the image has none.
const PROGRAMS: [(&str, &[&str]); 2] = [
    ("systemctl", &["/usr/bin/systemctl", "/bin/systemctl"]),
    (
        "systemd-update-helper",
        &["/usr/lib/systemd/systemd-update-helper"],
    ),
];

/// Where drop-ins of tmpfiles.d(5) are, the first that counts first.
const FOLDERS: [&str; 3] = ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d"];

/// The status of a program that is not there.
const NOT_FOUND: u8 = 127;

/// Returns the programs that a list calls, and whether all of it is known; what cannot be reached
/// need not be.
pub(super) fn is_known(list: &List, programs: &mut Vec<String>) -> bool {
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
                    | Command::HasUser(_)
                    | Command::HasGroup(_)
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
        Command::Test(test) => constant_test(&test)?,
        _ => return None,
    };
    Some(status != item.is_negated)
}

fn constant_test(test: &Test) -> Option<bool> {
    match test {
        Test::Is(answer) => Some(*answer),
        Test::Path(..) => None,
        Test::Not(inner) => constant_test(inner).map(|answer| !answer),
    }
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
}

/// Does what a script says; returns its status.
pub(super) fn run(root: &mut Root<'_>, list: &List) -> Result<u8, Error> {
    Ok(match run_list(root, list)? {
        Flow::Status(status) | Flow::Exit(status) => status,
    })
}

fn run_list(root: &mut Root<'_>, list: &List) -> Result<Flow, Error> {
    let mut status = 0;
    for Chain { first, rest } in list {
        let mut flow = run_item(root, first)?;
        for (joint, item) in rest {
            match (joint, &flow) {
                (Joint::And, Flow::Status(0)) | (Joint::Or, Flow::Status(1..)) => {
                    flow = run_item(root, item)?;
                }
                _ => {}
            }
        }
        match flow {
            Flow::Status(last) => status = last,
            exit @ Flow::Exit(_) => return Ok(exit),
        }
    }
    Ok(Flow::Status(status))
}

fn run_item(root: &mut Root<'_>, item: &Item) -> Result<Flow, Error> {
    let flow = match &item.body {
        Body::Command(words) => run_command(root, words)?,
        Body::Group(list) => run_list(root, list)?,
        Body::If(branches, otherwise) => run_branches(root, branches, otherwise)?,
    };
    Ok(match flow {
        Flow::Status(status) if item.is_negated => Flow::Status(u8::from(status == 0)),
        flow => flow,
    })
}

fn run_branches(
    root: &mut Root<'_>,
    branches: &[(List, List)],
    otherwise: &List,
) -> Result<Flow, Error> {
    for (condition, then) in branches {
        match run_list(root, condition)? {
            Flow::Status(0) => return run_list(root, then),
            Flow::Status(_) => {}
            exit @ Flow::Exit(_) => return Ok(exit),
        }
    }
    run_list(root, otherwise)
}

fn run_command(root: &mut Root<'_>, words: &[String]) -> Result<Flow, Error> {
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
        Command::Exit(status) => return Ok(Flow::Exit(*status)),
        Command::Test(test) => answer(root, test),
        Command::HasUser(user) => {
            let accounts = crate::accounts::Accounts::read(root)?;
            accounts.user(user).is_some()
        }
        Command::HasGroup(group) => {
            let accounts = crate::accounts::Accounts::read(root)?;
            accounts.gid(group).is_some()
        }
        Command::AddGroup(group) => group.run(root)?,
        Command::AddUser(user) => user.run(root)?,
        Command::JoinGroups(join) => join.run(root)?,
        Command::Units(change, units) => change_units(root, *change, units)?,
        Command::Alternative(alternative) => alternative.run(root)?,
        Command::File(file) => file.run(root)?,
        Command::Sysusers => {
            let lines = dropins::lines(root, "sysusers.d")?;
            allocation::apply(root, &lines)?.is_empty()
        }
        Command::Tmpfiles(files) => {
            let lines = match files.is_empty() {
                true => dropins::lines(root, "tmpfiles.d")?,
                false => lines_of(root, files)?,
            };
            create::apply(root, &lines)?.is_empty()
        }
    };
    Ok(Flow::Status(u8::from(!is_done)))
}

/// Returns the lines of drop-ins of tmpfiles.d(5); one that is not there has none.
fn lines_of(root: &Root<'_>, files: &[String]) -> Result<Vec<Line>, RootError> {
    let mut lines = Vec::new();
    for file in files {
        let places = FOLDERS.map(|folder| join(folder.as_bytes(), file.as_bytes()));
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

fn answer(root: &Root<'_>, test: &Test) -> bool {
    match test {
        Test::Is(answer) => *answer,
        Test::Not(inner) => !answer(root, inner),
        Test::Path(kind, path) => match kind {
            'e' | 'r' | 'w' => root.exists(path),
            'f' => root.is_file(path),
            'd' => root.is_dir(path),
            's' => root
                .stat(path)
                .is_ok_and(|node| matches!(&node.kind, fsgen::Kind::File(c) if !c.is_empty())),
            'x' => {
                let mode = root.stat(path).map_or(0, |node| node.meta.mode);
                root.is_dir(path) || mode & 0o111 != 0
            }
            _ => root.is_link(path),
        },
    }
}

/// Changes units; one that is not there is a failure, as it is for systemctl.
fn change_units(
    root: &mut Root<'_>,
    change: UnitChange,
    units: &[String],
) -> Result<bool, RootError> {
    let mut is_done = true;
    for unit in units {
        let changed = match change {
            UnitChange::Preset => units::preset(root, unit),
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
