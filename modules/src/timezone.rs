//! `timezone`: sets the time zone of the machine.
//!
//! Makes `/etc/localtime` the link that timedatectl makes, and keeps Debian's `/etc/timezone` in
//! step where the image has one. See localtime(5).

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

/// Where the zones are.
const ZONES: &str = "/usr/share/zoneinfo";

/// What every compiled zone starts with, see tzfile(5).
const MAGIC: [u8; 4] = *b"TZif";

pub(crate) const MODULE: Module = Module {
    name: "timezone",
    summary: "sets the time zone",
    details: "\
Makes `/etc/localtime` a link to the zone, which the image must have in `/usr/share/zoneinfo`
(package tzdata), and writes its name to `/etc/timezone` where the image has that file. `UTC` is not
needed there: without it `/etc/localtime` is removed, which means the same.",
    keys: &["timezone"],
    options: &[OptionDoc::required(
        "timezone",
        Shape::Text,
        "the name of the zone, as in Europe/Berlin",
    )],
    example: "modules: [timezone]\ntimezone: Europe/Berlin\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    timezone: Spanned<String>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { timezone } = cfg.options()?;
    check_name(&timezone).map_err(|why| timezone.error(format!("time zone {:?} {why}", *timezone)))
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { timezone } = cfg.options()?;
    let file = format!("{ZONES}/{}", *timezone);
    if root.is_file(&file) {
        if !root.read(&file)?.starts_with(&MAGIC) {
            let message = format!("{file} is no time zone: it does not start with \"TZif\"");
            return Err(timezone.error(message).into());
        }
        root.mkdir_all("/etc", 0o755)?;
        root.symlink(format!("..{file}"), "/etc/localtime", true)?;
    } else if *timezone == "UTC" && !root.exists(&file) {
        if root.lstat("/etc/localtime").is_ok() {
            root.remove("/etc/localtime")?;
        }
    } else {
        return Err(missing(root, &timezone).into());
    }
    if root.is_file("/etc/timezone") {
        root.write("/etc/timezone", format!("{}\n", *timezone))?;
    }
    Ok(())
}

fn missing(root: &Root<'_>, zone: &Spanned<String>) -> ValueError {
    let error = zone.error(format!("the image has no time zone {:?}", **zone));
    if !root.is_dir(ZONES) {
        return error.help(format!(
            "it has no {ZONES} at all: install tzdata in the source"
        ));
    }
    // Names differ by case or by continent: Berlin is Europe/Berlin. What is below a folder of that
    // name is not it.
    let is_zone = |name: &str| {
        let start = root.read_range(format!("{ZONES}/{name}"), 0, MAGIC.len() as u64);
        start.is_ok_and(|start| start == MAGIC)
    };
    let wanted = last(&zone.to_lowercase()).to_owned();
    let paths = root.walk(ZONES).unwrap_or_default();
    let names = paths
        .iter()
        .filter_map(|path| std::str::from_utf8(path).ok());
    let mut names = names.filter_map(|path| path.strip_prefix(ZONES)?.strip_prefix('/'));
    // The same zones once more, for other clocks and tools.
    let is_copy = |name: &str| name.starts_with("posix/") || name.starts_with("right/");
    let is_meant = |name: &str| last(&name.to_lowercase()) == wanted && !is_copy(name);
    if let Some(name) = names.clone().find(|name| is_meant(name) && is_zone(name)) {
        return error.help(format!("did you mean `{name}`?"));
    }
    let inside = format!("{}/", **zone);
    match names.find(|name| name.starts_with(&inside) && is_zone(name)) {
        Some(name) => error.help(format!("it is a folder of zones, such as `{name}`")),
        None => error.help(format!("its zones are the files in {ZONES}")),
    }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Checks that a name is one that a zone could have, see the file `theory.html` of tzdata.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    let is_odd = |c: &char| !c.is_ascii_alphanumeric() && !"/_+-".contains(*c);
    if let Some(odd) = name.chars().find(is_odd) {
        return Err(format!(
            "has {odd:?}; only letters, digits, `/`, `_`, `+` and `-` are allowed"
        ));
    }
    if name.split('/').any(str::is_empty) {
        return Err("has an empty part; parts are joined by single slashes".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::kit::{image, read, show, step, value};

    #[test]
    fn zones() {
        const BERLIN: (&str, &str) = ("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
        const UTC: (&str, &str) = ("/usr/share/zoneinfo/UTC", "TZif2");
        let link = "0777 0:0 /etc/localtime -> ../usr/share/zoneinfo/Europe/Berlin";
        for (files, zone, want) in [
            (&[BERLIN][..], "Europe/Berlin", Ok(Some(link))),
            // A copy of the zone, as old systems have it.
            (
                &[BERLIN, ("/etc/localtime", "TZif2")],
                "Europe/Berlin",
                Ok(Some(link)),
            ),
            (
                &[
                    BERLIN,
                    ("/etc/localtime@", "/etc/zoneinfo/UTC"),
                    ("/etc/timezone", "x"),
                ],
                "Europe/Berlin",
                Ok(Some(link)),
            ),
            (&[("/etc/localtime@", "../nope")], "UTC", Ok(None)),
            (&[], "UTC", Ok(None)),
            (
                &[UTC],
                "UTC",
                Ok(Some("0777 0:0 /etc/localtime -> ../usr/share/zoneinfo/UTC")),
            ),
            // timedatectl does not need it, either.
            (&[BERLIN, ("/etc/localtime", "TZif2")], "UTC", Ok(None)),
            (
                &[BERLIN],
                "Europe",
                Err("the image has no time zone \"Europe\""),
            ),
            (
                &[],
                "Europe/Berlin",
                Err("the image has no time zone \"Europe/Berlin\""),
            ),
            (
                &[("/usr/share/zoneinfo/zone.tab", "#")],
                "zone.tab",
                Err(
                    "time zone \"zone.tab\" has '.'; only letters, digits, `/`, `_`, `+` and `-` \
                     are allowed",
                ),
            ),
            (
                &[("/usr/share/zoneinfo/leapseconds", "#")],
                "leapseconds",
                Err(
                    "/usr/share/zoneinfo/leapseconds is no time zone: it does not start with \
                     \"TZif\"",
                ),
            ),
            (&[], "", Err("time zone \"\" is empty")),
            (
                &[],
                "/etc/passwd",
                Err(
                    "time zone \"/etc/passwd\" has an empty part; parts are joined by single \
                     slashes",
                ),
            ),
        ] {
            let mut tree = image(files);
            let recipe = value!({"timezone": zone});
            let done = step(&mut tree, "timezone", &recipe).map_err(|error| error.to_string());
            match want {
                Err(message) => assert_eq!(done.unwrap_err(), message),
                Ok(line) => {
                    done.unwrap();
                    assert_eq!(step(&mut tree, "timezone", &recipe).unwrap().changes, []);
                    let there = tree.resolve_link(b"/etc/localtime").is_ok();
                    let found = there.then(|| show(&mut tree, "/etc/localtime").remove(0));
                    assert_eq!(found.as_deref(), line);
                    if files.iter().any(|(path, _)| *path == "/etc/timezone") {
                        assert_eq!(read(&tree, "/etc/timezone"), format!("{zone}\n"));
                    }
                }
            }
        }
    }

    #[test]
    fn near_names() {
        for (zone, help) in [
            ("Berlin", "did you mean `Europe/Berlin`?"),
            ("europe/berlin", "did you mean `Europe/Berlin`?"),
            ("Paris", "its zones are the files in /usr/share/zoneinfo"),
            ("Europe", "it is a folder of zones, such as `Europe/Berlin`"),
            ("europe", "its zones are the files in /usr/share/zoneinfo"),
            (
                "posix",
                "it is a folder of zones, such as `posix/Europe/Berlin`",
            ),
            (
                "Leapseconds",
                "its zones are the files in /usr/share/zoneinfo",
            ),
        ] {
            let mut tree = image(&[
                ("/usr/share/zoneinfo/Europe/Berlin", "TZif"),
                ("/usr/share/zoneinfo/posix/Europe/Berlin", "TZif"),
                ("/usr/share/zoneinfo/leapseconds", "#"),
                ("/usr/share/zoneinfo/Europe/zones", "#"),
            ]);
            let error = step(&mut tree, "timezone", &value!({"timezone": zone})).unwrap_err();
            let crate::Error::Option(error) = error else {
                panic!("{error}");
            };
            assert_eq!(error.help.as_deref(), Some(help));
        }
    }
}
