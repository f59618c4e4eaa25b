//! `ssh`: fresh host keys for every machine, and settings of the server.
//!
//! See sshd_config(5): of two lines for one keyword the first counts.

mod access;
mod algorithm;
mod argument;
mod config;
mod effective;
mod keyword;
mod methods;
mod options;
mod program;

use std::collections::BTreeSet;

use crate::option::{OptionDoc, Shape};
use crate::root::{same_place, show};
use crate::units;
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root, installed};
use argument::{Takes, words};
use config::Asked;
use effective::Line;
use keyword::Lines;
use options::{HostKeys, Options, Setting};

/// Where our settings go. It sorts before what distributions and cloud-init have there.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/10-hsb.conf";

/// Settings of the administrator, and those of the vendor, which count only without the former.
const FILES: [&str; 2] = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"];

/// Keywords of sshd_config that name what is removed.
const KEY_LINES: [&str; 2] = ["hostkey", "hostcertificate"];

/// The service that makes host keys where the distribution has nothing that does.
const UNIT: &str = "ssh-host-keys.service";
const UNIT_TEXT: &str = "\
[Unit]
Description=Make the host keys of ssh
Before=ssh.service sshd.service
ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key
ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=ssh.service sshd.service
";

/// Where a unit of that name may be already; of several, the first one counts.
const UNIT_FOLDERS: [&str; 4] = [
    units::CONFIG,
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// What makes host keys at boot by itself: units of Fedora, Arch and SUSE, and Alpine's script.
const MAKERS: [&str; 7] = [
    "/usr/lib/systemd/system/sshd-keygen@.service",
    "/usr/lib/systemd/system/sshd-keygen.service",
    "/usr/lib/systemd/system/sshdgenkeys.service",
    "/usr/sbin/sshd-gen-keys-start",
    "/usr/libexec/openssh/sshd-keygen",
    "/lib/systemd/system/sshd-keygen@.service",
    "/etc/init.d/sshd",
];

pub(crate) const MODULE: Module = Module {
    name: "ssh",
    summary: "has each machine make its own host keys, and sets options of sshd",
    details: "\
Removes `/etc/ssh/ssh_host_*`, so that no two machines share keys. Fedora, SUSE, Arch and Alpine
make new ones when sshd starts; where nothing does, as on Debian, `ssh-host-keys.service` is added,
unless there is one, and enabled. Keys with names that none of these makes are told of. Options go
to `/etc/ssh/sshd_config.d/10-hsb.conf`, or into sshd_config itself where that includes no such
folder; there, other lines and comments stay. Ports, addresses, host keys and users of several lines
add up in sshd, and a subsystem that is there twice stops it: such lines of other files are taken
out. An option that has an older name as well, as `ChallengeResponseAuthentication` is one for
`KbdInteractiveAuthentication`, is one option by both.
What the image's own sshd does not know is an error, and so is an `AuthenticationMethods` with no
list of ways to log in that are all on, as sshd would not start.",
    keys: &["ssh"],
    options: &[OptionDoc::optional(
        "ssh",
        Shape::Map(&[
            OptionDoc::optional(
                "host_keys",
                Shape::OneOf(&["remove", "keep"]),
                "what becomes of the keys that are there; remove if left out",
            ),
            OptionDoc::optional(
                "options",
                Shape::Table(&Setting::SHAPE),
                "options of sshd_config(5); true and false stand for yes and no",
            ),
        ]),
        "fresh host keys alone if left out",
    )],
    example: "\
modules: [ssh]
ssh:
  options:
    PasswordAuthentication: false
    PermitRootLogin: prohibit-password
    AcceptEnv: [LANG, LC_*]
",
    check,
    modify,
};

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.ssh.check()
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { ssh } = cfg.options()?;
    if program::find(root).is_none() {
        let error = ValueError::new(cfg.span(), "the image has no sshd");
        return Err(error
            .help("add openssh-server to it in an earlier step")
            .into());
    }
    if ssh.host_keys == HostKeys::Remove {
        let keys = root.glob("/etc/ssh/ssh_host_*");
        for path in &keys {
            root.remove(path)?;
        }
        make_keys_at_boot(root, cfg)?;
        warn_of_others(root, &keys)?;
    }
    let version = program::version(root)?;
    let asked = ssh.asked(version);
    if asked.is_empty() {
        return Ok(());
    }
    program::check(root, &asked)?;
    write(root, &asked)?;
    warn_of_domains(root, &asked);
    let main = FILES.into_iter().find(|path| root.is_file(path));
    let lines = effective::lines(root, main.unwrap_or(FILES[0]))?;
    warn_of_earlier(root, &lines, &asked);
    methods::check(&lines, &asked, version)
}

/// Writes what was asked for to where sshd finds it.
fn write(root: &mut Root<'_>, asked: &[Asked]) -> Result<(), Error> {
    let own = FILES[0];
    let Some(main) = FILES.into_iter().find(|path| root.is_file(path)) else {
        root.mkdir_above(own)?;
        root.write(own, config::set(b"", asked))?;
        return Ok(());
    };
    let text = root.read(main)?;
    if !config::includes(&text, "/etc/ssh/sshd_config.d/") {
        root.mkdir_above(own)?;
        root.write(own, config::set(&text, asked))?;
        return without_more(root, own, asked);
    }
    let rest = config::without_more(&text, asked);
    if rest != text {
        root.mkdir_above(own)?;
        root.write(own, rest)?;
    }
    without_more(root, main, asked)?;
    let before = root.read_if_exists(DROP_IN)?.unwrap_or_default();
    root.mkdir_above(DROP_IN)?;
    root.write(DROP_IN, config::set(&before, asked))?;
    Ok(())
}

/// Takes out what other files add to what was asked for, wherever sshd includes them from.
fn without_more(root: &mut Root<'_>, main: &str, asked: &[Asked]) -> Result<(), Error> {
    let lines = effective::lines(root, main)?;
    let paths: BTreeSet<_> = lines.into_iter().map(|line| line.path).collect();
    let own = [main, DROP_IN];
    for path in paths {
        if !own.iter().any(|own| own.as_bytes() == path) {
            let text = root.read(&path)?;
            root.write(&path, config::without_more(&text, asked))?;
        }
    }
    Ok(())
}

/// Warns of lines that sshd reads before those that were asked for: the first one counts.
fn warn_of_earlier(root: &mut Root<'_>, lines: &[Line], asked: &[Asked]) {
    for asked in asked
        .iter()
        .filter(|asked| asked.keyword.lines == Lines::First)
    {
        let mut lines = lines
            .iter()
            .filter(|line| asked.names.contains(&line.keyword));
        let (first, ours) = (
            lines.next(),
            lines.find(|line| asked.values.contains(&line.value)),
        );
        if let Some(first) = first.filter(|first| !asked.values.contains(&first.value)) {
            let ours = ours.map_or(DROP_IN.as_bytes(), |line| &line.path);
            let (path, ours) = (first.path.escape_ascii(), ours.escape_ascii());
            let name = asked.keyword.name;
            let message =
                format!("{path} sets {name} before {ours} does, and the first one counts");
            root.warn_at(asked.span, message);
        }
    }
}

/// Warns of host keys that nothing makes anew: those at places of the administrator's own, which
/// stay, and those with other names among the removed.
fn warn_of_others(root: &mut Root<'_>, removed: &[Vec<u8>]) -> Result<(), Error> {
    let main = FILES.into_iter().find(|path| root.is_file(path));
    let mut named = Vec::new();
    for line in effective::lines(root, main.unwrap_or(FILES[0]))? {
        let key = words(&line.value).and_then(|words| words.into_iter().next());
        if let Some(key) = key.filter(|_| KEY_LINES.contains(&&*line.keyword)) {
            named.push((line, key));
        }
    }
    for (line, key) in &named {
        if line.keyword == "hostkey" && root.is_file(key) {
            let path = line.path.escape_ascii();
            root.warn(format!(
                "{path} names the host key {key}, which stays: all machines of this image share it"
            ));
        }
    }
    for removed in removed.iter().filter(|path| !is_made_again(path)) {
        let removed = show(removed);
        let line = named.iter().find(|(_, key)| same_place(key, &removed));
        let who = line.map(|(line, _)| format!(": {} names it", line.path.escape_ascii()));
        root.warn(format!(
            "{removed} is removed, and nothing makes it again{}",
            who.unwrap_or_default()
        ));
    }
    Ok(())
}

/// Returns whether a file is one of those that `ssh-keygen -A` and its like make. It may not make
/// one for dsa any more, but then sshd would not use it either.
fn is_made_again(path: &[u8]) -> bool {
    let name = path.strip_prefix(b"/etc/ssh/ssh_host_").unwrap_or_default();
    let name = name.strip_suffix(b".pub").unwrap_or(name);
    [&b"rsa_key"[..], b"ecdsa_key", b"ed25519_key", b"dsa_key"].contains(&name)
}

/// Sees to it that sshd finds keys when it starts for the first time.
fn make_keys_at_boot(root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    if MAKERS.iter().any(|path| root.exists(path)) {
        return Ok(());
    }
    if !installed::systemd(root) || !root.is_file("/usr/bin/ssh-keygen") {
        root.warn("nothing in the image makes host keys: sshd will not start without them");
        return Ok(());
    }
    let mut files = UNIT_FOLDERS
        .map(|folder| format!("{folder}/{UNIT}"))
        .into_iter();
    match files.find(|file| root.lstat(file).is_ok()) {
        None => {
            let file = format!("{}/{UNIT}", units::CONFIG);
            root.mkdir_above(&file)?;
            root.write(&file, UNIT_TEXT)?;
        }
        Some(file) => {
            let text = root.read_if_exists(&file)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let what = match text.trim() {
                "" => "masks what makes host keys",
                text if !text.contains("ssh-keygen") => "makes no host keys",
                _ => "",
            };
            if !what.is_empty() {
                root.warn_at(cfg.span(), format!(
                    "{file} {what}: sshd will not start without them; remove it in an earlier step"
                ));
                return Ok(());
            }
        }
    }
    let enabled = units::enable(root, UNIT);
    enabled.map_err(|error| ValueError::new(cfg.span(), error.to_string()))?;
    Ok(())
}

/// Warns of devices that have to be there when sshd starts: it does not without them.
fn warn_of_domains(root: &mut Root<'_>, asked: &[Asked]) {
    for asked in asked
        .iter()
        .filter(|asked| asked.keyword.takes == Takes::Address)
    {
        for value in &asked.values {
            if let Some([_, "rdomain", device]) = words(value).as_deref().map(texts).as_deref() {
                root.warn_at(asked.span, format!(
                    "sshd does not start where the machine has no device {device} for routing, or \
                     gets it later"
                ));
            }
        }
    }
}

fn texts(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests;
