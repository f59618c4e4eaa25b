//! The commands that are known: what each does to an image that does not run.

use super::account::{AddGroup, AddUser, JoinGroups};
use super::alternative::Alternative;
use super::file::{FileCommand, is_path};
use crate::units::UnitName;

/// A command of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// It does nothing in an image: there is no running system to tell, or no terminal to print
    /// on. It ends with this status.
    Idle(bool),
    /// It makes a cache that systemd makes at the first boot, once `/etc` and `/usr` are seen to
    /// be new.
    Cache,
    /// The script ends here.
    Exit(u8),
    Test(Test),
    /// Whether there is such a user, or else such a group.
    HasUser(String),
    HasGroup(String),
    AddGroup(AddGroup),
    AddUser(AddUser),
    JoinGroups(JoinGroups),
    Units(UnitChange, Vec<String>),
    Alternative(Alternative),
    /// `systemd-sysusers`, for all drop-ins.
    Sysusers,
    /// `systemd-tmpfiles --create`, for these drop-ins or for all.
    Tmpfiles(Vec<String>),
    File(FileCommand),
}

/// What `systemctl` does to units that are not running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitChange {
    Preset,
    Enable,
    Disable,
    Mask,
    Unmask,
}

/// A question of `[`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// The answer is known without the image.
    Is(bool),
    /// `-e`, `-f`, `-d`, `-x` and the like, of a path.
    Path(char, String),
    Not(Box<Test>),
}

/// Reads a command; returns nothing when it is not known, or not in this form.
pub(super) fn parse(words: &[String]) -> Option<Command> {
    let (name, arguments) = words.split_first()?;
    let plain: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Some(match program(name) {
        ":" | "true" | "echo" | "ldconfig" | "printf" => Command::Idle(true),
        "false" => Command::Idle(false),
        "exit" => match *plain {
            [] => Command::Exit(0),
            [status] => Command::Exit(status.parse().ok()?),
            _ => return None,
        },
        "[" => match *plain {
            [ref question @ .., "]"] => Command::Test(test(question)?),
            _ => return None,
        },
        "test" => Command::Test(test(&plain)?),
        "getent" => match *plain {
            ["passwd", user] => Command::HasUser(user.to_owned()),
            ["group", group] => Command::HasGroup(group.to_owned()),
            _ => return None,
        },
        "id" => match *plain {
            [user] | ["-u" | "-g", user] if !user.starts_with('-') => {
                Command::HasUser(user.to_owned())
            }
            _ => return None,
        },
        "groupadd" => Command::AddGroup(AddGroup::parse(&plain)?),
        "useradd" => Command::AddUser(AddUser::parse(&plain)?),
        "usermod" => Command::JoinGroups(JoinGroups::parse(&plain)?),
        "systemctl" => systemctl(&plain)?,
        "systemd-update-helper" => update_helper(&plain)?,
        "systemd-hwdb" if plain == ["update"] => Command::Cache,
        "journalctl" if plain == ["--update-catalog"] => Command::Cache,
        "udevadm" if plain.first() == Some(&"control") => Command::Idle(true),
        "udevadm" if plain.first() == Some(&"trigger") => Command::Idle(true),
        "systemd-sysusers" if plain.is_empty() => Command::Sysusers,
        "systemd-tmpfiles" => match *plain {
            ["--create", ref files @ ..] if files.iter().all(|file| is_drop_in(file)) => {
                Command::Tmpfiles(files.iter().map(|file| (*file).to_owned()).collect())
            }
            _ => return None,
        },
        "update-alternatives" | "alternatives" => Command::Alternative(Alternative::parse(&plain)?),
        "mkdir" | "touch" | "ln" | "chmod" | "chown" | "rm" => {
            Command::File(FileCommand::parse(program(name), &plain)?)
        }
        _ => return None,
    })
}

/// Returns the name of a program without one of the folders that programs are in.
pub(super) fn program(name: &str) -> &str {
    const FOLDERS: [&str; 6] = [
        "/usr/lib/systemd/",
        "/lib/systemd/",
        "/usr/sbin/",
        "/usr/bin/",
        "/sbin/",
        "/bin/",
    ];
    let found = FOLDERS.iter().find_map(|folder| name.strip_prefix(folder));
    found.filter(|rest| !rest.contains('/')).unwrap_or(name)
}

/// Returns whether a word is the name of a drop-in, or the path of one.
fn is_drop_in(word: &str) -> bool {
    word.ends_with(".conf") && (!word.contains('/') || is_path(word))
}

fn test(words: &[&str]) -> Option<Test> {
    let number = |text: &str| text.parse::<i64>().ok();
    Some(match *words {
        ["!", ref rest @ ..] => Test::Not(Box::new(test(rest)?)),
        ["-n", text] => Test::Is(!text.is_empty()),
        ["-z", text] => Test::Is(text.is_empty()),
        [
            kind @ ("-e" | "-f" | "-d" | "-x" | "-r" | "-w" | "-s" | "-L" | "-h"),
            path,
        ] if path.starts_with('/') => Test::Path(kind.chars().nth(1)?, path.to_owned()),
        [a, "=" | "==", b] => Test::Is(a == b),
        [a, "!=", b] => Test::Is(a != b),
        [a, sign, b] => {
            let (a, b) = (number(a)?, number(b)?);
            Test::Is(match sign {
                "-eq" => a == b,
                "-ne" => a != b,
                "-lt" => a < b,
                "-le" => a <= b,
                "-gt" => a > b,
                "-ge" => a >= b,
                _ => return None,
            })
        }
        _ => return None,
    })
}

fn systemctl(words: &[&str]) -> Option<Command> {
    let mut rest = words;
    while let [first, after @ ..] = rest {
        match *first {
            "--system" | "--no-reload" | "--quiet" | "-q" | "--now" | "--no-block" | "-f"
            | "--force" | "--no-ask-password" => rest = after,
            _ => break,
        }
    }
    let (verb, units) = rest.split_first()?;
    let change = match *verb {
        "daemon-reload"
        | "daemon-reexec"
        | "try-restart"
        | "condrestart"
        | "restart"
        | "start"
        | "stop"
        | "reload"
        | "try-reload-or-restart"
        | "reload-or-restart"
        | "reload-or-try-restart"
        | "reset-failed"
        | "kill" => return Some(Command::Idle(true)),
        "is-active" => return Some(Command::Idle(false)),
        "preset" => UnitChange::Preset,
        "enable" => UnitChange::Enable,
        "disable" => UnitChange::Disable,
        "mask" => UnitChange::Mask,
        "unmask" => UnitChange::Unmask,
        _ => return None,
    };
    units_of(change, units)
}

fn update_helper(words: &[&str]) -> Option<Command> {
    match *words {
        ["install-system-units", ref units @ ..] => units_of(UnitChange::Preset, units),
        [verb, ..] if verb.starts_with("mark-") => Some(Command::Idle(true)),
        [
            "system-reload"
            | "user-reload"
            | "system-restart"
            | "user-restart"
            | "system-reload-restart"
            | "user-reload-restart"
            | "user-reexec",
            ..,
        ] => Some(Command::Idle(true)),
        _ => None,
    }
}

fn units_of(change: UnitChange, units: &[&str]) -> Option<Command> {
    let are_units = !units.is_empty() && units.iter().all(|unit| UnitName::parse(unit).is_ok());
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    are_units.then_some(Command::Units(change, units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_are_known() {
        for (text, is_known) in [
            ("/sbin/ldconfig", true),
            ("/opt/ldconfig", false),
            ("/usr/bin/../../opt/ldconfig", false),
            ("ldconfigure", false),
            ("exit 3", true),
            ("exit 300", false),
            ("exit $?", false),
            ("[ 1 -eq 1 ]", true),
            ("[ 1 -eq one ]", false),
            ("[ -f /etc/x ]", true),
            ("[ -f etc/x ]", false),
            ("[ -O /etc/x ]", false),
            ("[ 1 -eq 1", false),
            ("getent passwd x", true),
            ("getent hosts x", false),
            ("systemctl --no-reload preset a.service b.socket", true),
            ("systemctl preset", false),
            ("systemctl --user preset a.service", false),
            ("systemctl --global enable a.service", false),
            ("systemctl isolate x.target", false),
            (
                "/usr/lib/systemd/systemd-update-helper install-system-units a.timer",
                true,
            ),
            (
                "/usr/lib/systemd/systemd-update-helper install-user-units a.timer",
                false,
            ),
            (
                "systemd-update-helper mark-restart-system-units a.service",
                true,
            ),
            ("systemd-sysusers", true),
            ("systemd-sysusers x.conf", false),
            (
                "systemd-tmpfiles --create x.conf /usr/lib/tmpfiles.d/y.conf",
                true,
            ),
            ("systemd-tmpfiles --create --remove", false),
            ("systemd-tmpfiles --clean", false),
            ("dracut -f", false),
            ("FOO=bar", false),
            (". /etc/profile", false),
        ] {
            let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(parse(&words).is_some(), is_known, "{text}");
        }
    }
}
