//! The commands that are known: what each does to an image that does not run.

use super::account::{AddGroup, AddUser, JoinGroups};
use super::adduser::Adduser;
use super::alternative::{Alternative, GoneAlternative};
use super::deb_systemd::DebSystemd;
use super::divert::Divert;
use super::dpkg_trigger::DpkgTrigger;
use super::file::{FileCommand, is_path};
use super::getent::Getent;
use super::init_script::InitScript;
use super::old_conffile::OldConffile;
use super::test::Test;
use super::token::{self, BUILTINS, assignment, is_literal};
use super::update_helper::UpdateHelper;
use crate::deb::relation::Sign;
use crate::deb::version::Version;
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
    /// The script ends here; without a status, with that of the last command.
    Exit(Option<u8>),
    /// Whether it ends at the first command that fails, from here on.
    Strict(bool),
    /// Whether the image has such a program.
    HasProgram(String),
    Test(Test),
    Getent(Getent),
    AddGroup(AddGroup),
    AddUser(AddUser),
    JoinGroups(JoinGroups),
    Units(UnitChange, Vec<String>),
    UpdateHelper(UpdateHelper),
    DebSystemd(DebSystemd, Vec<String>),
    Adduser(Adduser),
    Alternative(Alternative),
    GoneAlternative(GoneAlternative),
    Divert(Divert),
    InitScript(InitScript),
    OldConffile(OldConffile),
    DpkgTrigger(DpkgTrigger),
    /// `systemd-sysusers`, for these drop-ins or for all.
    Sysusers(Vec<String>),
    /// `systemd-tmpfiles --create`, for these drop-ins or for all.
    Tmpfiles(Vec<String>),
    /// `update-ca-trust`: bundles of authorities.
    CaTrust,
    /// `ca-legacy install`.
    CaLegacy,
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

/// Reads a command; returns nothing when it is not known, or not in this form.
pub(super) fn parse(words: &[String]) -> Option<Command> {
    let (name, arguments) = words.split_first()?;
    let is_test = matches!(&**name, "[" | "test");
    let is_known = |word: &String| is_literal(word) || is_test && token::program(word).is_some();
    if !words.iter().all(is_known) {
        return None;
    }
    let plain: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if plain.is_empty() && assignment(name).is_some() {
        return Some(Command::Idle(true));
    }
    Some(match program(name) {
        ":" | "true" | "echo" | "ldconfig" => Command::Idle(true),
        "printf" => match *plain {
            // Numbers may be none, which is a failure.
            [form, ..] if !form.starts_with('-') && !form.replace("%s", "").contains('%') => {
                Command::Idle(true)
            }
            _ => return None,
        },
        "false" => Command::Idle(false),
        "exit" => match *plain {
            [] => Command::Exit(None),
            [status] => Command::Exit(Some(status.parse().ok()?)),
            _ => return None,
        },
        "[" => match *plain {
            [ref question @ .., "]"] => Command::Test(Test::parse(question)?),
            _ => return None,
        },
        "test" => Command::Test(Test::parse(&plain)?),
        "getent" => Command::Getent(Getent::parse(&plain)?),
        "id" => match *plain {
            [user] | ["-u" | "-g", user] if !user.starts_with('-') && !is_number(user) => {
                Command::Getent(Getent::User(user.to_owned()))
            }
            _ => return None,
        },
        "adduser" => Command::Adduser(Adduser::parse(&plain, false)?),
        "addgroup" => Command::Adduser(Adduser::parse(&plain, true)?),
        "dpkg-divert" => Command::Divert(Divert::parse(&plain)?),
        "dpkg-trigger" => Command::DpkgTrigger(DpkgTrigger::parse(&plain)?),
        "update-rc.d" => Command::InitScript(InitScript::parse(&plain)?),
        "groupadd" => Command::AddGroup(AddGroup::parse(&plain)?),
        "useradd" => Command::AddUser(AddUser::parse(&plain)?),
        "usermod" => Command::JoinGroups(JoinGroups::parse(&plain)?),
        "systemctl" => systemctl(&plain)?,
        "systemd-update-helper" => Command::UpdateHelper(UpdateHelper::parse(&plain)?),
        "systemd-hwdb" if plain == ["update"] => Command::Cache,
        "journalctl" if plain == ["--update-catalog"] => Command::Cache,
        "udevadm" if plain.first() == Some(&"control") => Command::Idle(true),
        "udevadm" if plain.first() == Some(&"trigger") => Command::Idle(true),
        // What is compiled is a cache; Python does without.
        "py3compile" | "pypy3compile" | "pycompile" => Command::Idle(true),
        "deb-systemd-invoke" | "invoke-rc.d" => Command::Idle(true),
        "deb-systemd-helper" => {
            let (action, units) = DebSystemd::parse(&plain)?;
            Command::DebSystemd(action, units)
        }
        "dpkg-maintscript-helper" => maintscript_helper(&plain)?,
        "dpkg" => match *plain {
            ["--compare-versions", a, sign, b] => Command::Test(versions(a, sign, b)?),
            _ => return None,
        },
        "command" => match *plain {
            ["-v", name] if BUILTINS.contains(&name) => Command::Idle(true),
            ["-v", program] if !program.contains('/') => Command::HasProgram(program.to_owned()),
            _ => return None,
        },
        "which" => match *plain {
            [program] if !program.contains('/') => Command::HasProgram(program.to_owned()),
            _ => return None,
        },
        "set" => match *plain {
            ["-e" | "-ex"] => Command::Strict(true),
            ["+e"] => Command::Strict(false),
            ["-x"] => Command::Idle(true),
            _ => return None,
        },
        "systemd-sysusers" if plain.iter().all(|file| is_drop_in(file)) => {
            Command::Sysusers(plain.iter().map(|file| (*file).to_owned()).collect())
        }
        "systemd-tmpfiles" => match *plain {
            ["--create", ref files @ ..] if files.iter().all(|file| is_drop_in(file)) => {
                Command::Tmpfiles(files.iter().map(|file| (*file).to_owned()).collect())
            }
            _ => return None,
        },
        "update-ca-trust" if matches!(*plain, [] | ["extract"]) => Command::CaTrust,
        "ca-legacy" if plain == ["install"] => Command::CaLegacy,
        "update-alternatives" | "alternatives" => match GoneAlternative::parse(&plain) {
            Some(gone) => Command::GoneAlternative(gone),
            None => Command::Alternative(Alternative::parse(&plain)?),
        },
        "mkdir" | "touch" | "ln" | "chmod" | "chown" | "mv" | "rm" | "rmdir" => {
            Command::File(FileCommand::parse(program(name), &plain)?)
        }
        _ => return None,
    })
}

/// Returns the name of a program without one of the folders that programs are in.
pub(crate) fn program(name: &str) -> &str {
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

/// Returns whether a name is looked up as a number first.
fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// `dpkg-maintscript-helper` does nothing but in an upgrade from a version that is not later than
/// the one that it names; then only `rm_conffile` is known.
fn maintscript_helper(words: &[&str]) -> Option<Command> {
    let end = words.iter().position(|word| *word == "--")?;
    let (named, arguments) = (&words[..end], &words[end + 1..]);
    let (path, rest) = match *named {
        ["rm_conffile", path, ref rest @ ..] => (Some(path), rest),
        [
            "mv_conffile" | "symlink_to_dir" | "dir_to_symlink",
            _,
            _,
            ref rest @ ..,
        ] => (None, rest),
        _ => return None,
    };
    let (before, is_finished) = match *arguments {
        // A prerm or postrm, which has nothing to do with that.
        ["upgrade", _] | ["remove", ..] => return Some(Command::Idle(true)),
        ["install" | "upgrade", before, _] => (before, false),
        ["configure", before, ..] => (before, true),
        _ => return Some(Command::Idle(true)),
    };
    let last = rest.first().copied().unwrap_or_default();
    let is_later = || {
        let [before, last] = [before, last].map(|text| Version::parse(text).ok());
        Some(before?.compare(&last?).is_gt())
    };
    if before.is_empty() || (!last.is_empty() && is_later()?) {
        return Some(Command::Idle(true));
    }
    let package = rest.get(1).copied().filter(|package| !package.is_empty());
    let old = OldConffile::new(path?, package, is_finished);
    old.map(Command::OldConffile)
}

/// Reads a comparison of versions; an empty one is before all others, or after them with `-nl`.
fn versions(a: &str, sign: &str, b: &str) -> Option<Test> {
    let (plain, none) = match sign.strip_suffix("-nl") {
        Some(plain) => (plain, "2147483647:9"),
        None => (sign, "~~~~~~"),
    };
    let version = |text: &str| Version::parse(if text.is_empty() { none } else { text }).ok();
    let (a, b) = (version(a)?, version(b)?);
    let sign = match plain {
        "lt" | "<<" => Sign::Earlier,
        "le" | "<=" => Sign::EarlierOrEqual,
        "eq" | "=" => Sign::Equal,
        "ne" => return Some(Test::Is(!Sign::Equal.holds(&a, &b))),
        "ge" | ">=" => Sign::LaterOrEqual,
        "gt" | ">>" => Sign::Later,
        _ => return None,
    };
    Some(Test::Is(sign.holds(&a, &b)))
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

fn units_of(change: UnitChange, units: &[&str]) -> Option<Command> {
    let are_units = !units.is_empty() && units.iter().all(|unit| UnitName::parse(unit).is_ok());
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    are_units.then_some(Command::Units(change, units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_no_system_takes() {
        for (len, is_known) in [(4095, true), (4096, false)] {
            let path = format!("/{}", "a/".repeat(len))[..len].to_owned();
            let words = ["mkdir", "-p", &path].map(str::to_owned);
            assert_eq!(parse(&words).is_some(), is_known, "{len}");
        }
    }

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
            ("getent passwd 0", true),
            ("getent group 4294967296", false),
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
            ("systemd-sysusers x.conf", true),
            ("systemd-sysusers --inline x", false),
            ("deb-systemd-helper --quiet was-enabled a.service", true),
            ("deb-systemd-helper purge a.service", false),
            (
                "dpkg-maintscript-helper rm_conffile /etc/a 1.0~ -- install",
                true,
            ),
            (
                "dpkg-maintscript-helper rm_conffile /etc/a 1.0~ -- upgrade 1.0 2",
                true,
            ),
            (
                "dpkg-maintscript-helper rm_conffile /etc/a 1.0~ -- upgrade 0.9 2",
                true,
            ),
            (
                "dpkg-maintscript-helper rm_conffile a -- upgrade 0.9 2",
                false,
            ),
            (
                "dpkg-maintscript-helper dir_to_symlink /a /b 1.0~ -- upgrade 0.9 2",
                false,
            ),
            (
                "dpkg-maintscript-helper dir_to_symlink /a /b 1.0~ -- upgrade 1.1 2",
                true,
            ),
            (
                "dpkg-maintscript-helper dir_to_symlink /a /b 1.0~ -- upgrade 2",
                true,
            ),
            ("dpkg-maintscript-helper supports rm_conffile", false),
            ("dpkg --compare-versions 1.0 lt-nl 2", true),
            ("dpkg --compare-versions 1.0 before 2", false),
            ("update-rc.d a defaults", true),
            ("update-rc.d a defaults 19 21", true),
            ("update-rc.d -f a remove", true),
            ("update-rc.d a enable", false),
            ("update-rc.d ../a defaults", false),
            ("dpkg-divert --rename --divert /b --add /a", true),
            ("dpkg-divert --no-rename --package=x --remove /a", true),
            ("dpkg-divert --divert /b --add /a", false),
            ("dpkg-divert --rename --add a", false),
            ("dpkg-divert --truename /a", false),
            ("dpkg-trigger --no-await a", true),
            ("dpkg-trigger --by-package=b /a", true),
            ("dpkg-trigger --check-supported", false),
            ("dpkg-trigger", false),
            ("dpkg --compare-versions 1.0 lt 2", true),
            ("dpkg --configure -a", false),
            ("command -v a", true),
            ("command a", false),
            ("set -u", false),
            ("set -eu", false),
            ("command -v cd", true),
            ("printf", false),
            ("printf %s-%s a b", true),
            ("printf %d a", false),
            ("id -u 0", false),
            ("set -e", true),
            ("set -o pipefail", false),
            ("[ a = a -a b != c ]", true),
            ("[ a = a -o -f /x ]", true),
            ("[ -a ]", true),
            ("[ -a b ]", false),
            ("py3compile -p a", true),
            (
                "systemd-tmpfiles --create x.conf /usr/lib/tmpfiles.d/y.conf",
                true,
            ),
            ("systemd-tmpfiles --create --remove", false),
            ("systemd-tmpfiles --clean", false),
            ("/usr/bin/update-ca-trust", true),
            ("update-ca-trust extract", true),
            ("update-ca-trust extract -o /x", false),
            ("update-ca-trust check", false),
            ("ca-legacy install", true),
            ("ca-legacy disable", false),
            ("dracut -f", false),
            ("FOO=bar", true),
            ("FOO=bar true", false),
            ("PATH=/x", false),
            (". /etc/profile", false),
        ] {
            let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(parse(&words).is_some(), is_known, "{text}");
        }
    }
}
