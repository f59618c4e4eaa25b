//! `groups`: adds groups, and users to them.
//!
//! It does what groupadd(8) and usermod(8) of the image would do. A group that is there gets the
//! members that it lacks; a number that differs is an error, because files with the old one would
//! be left behind.

use serde::Deserialize;

use crate::accounts::defaults::Defaults;
use crate::accounts::{Accounts, ids, name};
use crate::option::{OptionDoc, Shape};
use crate::shorthand::{FromText, Shorthand};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

const GROUP: Shape = Shape::Map(&[
    OptionDoc::required("name", Shape::Text, "what it is called"),
    OptionDoc::optional(
        "gid",
        Shape::ID,
        "its number; the next free one if left out",
    ),
    OptionDoc::flag("system", "a group of a service: a low number"),
    OptionDoc::optional(
        "members",
        Shape::List(&Shape::Text),
        "users of the image, who may have been added by an earlier step",
    ),
]);

pub(crate) const MODULE: Module = Module {
    name: "groups",
    summary: "adds groups, and users to them",
    details: "\
Numbers are those that groupadd of the image would give, by its own login.defs. A group that is
there gets the members that it lacks; a number that differs is an error. `add_user` puts the users
that it adds into groups by itself.",
    keys: &["groups"],
    options: &[OptionDoc::required(
        "groups",
        Shape::List(&Shape::AnyOf(&[Shape::Text, GROUP])),
        "the groups; a name alone stands for its mapping",
    )],
    example: "\
modules: [groups]
groups:
  - deploy
  - {name: data, gid: 1500, members: [root]}
  - {name: metrics, system: true}
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    groups: Vec<Spanned<Shorthand<Group>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    gid: Option<Spanned<u32>>,
    #[serde(default)]
    system: bool,
    #[serde(default)]
    members: Vec<Spanned<String>>,
}

impl FromText for Group {
    const EXPECTED: &'static str = "a group's name, or a mapping with `name`";

    fn from_text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            gid: None,
            system: false,
            members: Vec::new(),
        }
    }
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { groups } = cfg.options()?;
    for (i, entry) in groups.iter().enumerate() {
        let group = &entry.0;
        let name = &*group.name;
        name::check(name).map_err(|why| entry.error(format!("group name {name:?} {why}")))?;
        if groups[..i].iter().any(|other| other.0.name == group.name) {
            return Err(entry.error(format!("group {name:?} is listed twice")));
        }
        if let Some(gid) = &group.gid {
            ids::check(gid.value).map_err(|why| gid.error(why))?;
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { groups } = cfg.options()?;
    if !root.is_file("/etc/group") {
        let error = ValueError::new(cfg.span(), "the image has no /etc/group");
        let help = "groups can be added to an installed system only";
        return Err(error.help(help).into());
    }
    let defaults = Defaults::read(root)?;
    let mut accounts = Accounts::read(root)?;
    for entry in &groups {
        let group = &entry.0;
        match accounts.gid(&group.name) {
            None => {
                let gid = new_gid(root, &accounts, &defaults, entry)?;
                accounts.add_group(&group.name, gid);
            }
            Some(has) => {
                if let Some(gid) = group.gid.as_ref().filter(|gid| gid.value != has) {
                    let name = &group.name;
                    let error = gid.error(format!(
                        "the group {name:?} has gid {has} already, not {}",
                        gid.value
                    ));
                    let help = "leave `gid` out: files belong to the old number";
                    return Err(error.help(help).into());
                }
            }
        }
        for member in &group.members {
            if accounts.user(member).is_none() {
                let error = member.error(format!("the image has no user {:?}", member.value));
                return Err(error.help("add the user in an earlier step").into());
            }
            accounts.add_member(&group.name, member);
        }
    }
    accounts.write(root)?;
    Ok(())
}

/// Returns the number of a group to be.
fn new_gid(
    root: &Root<'_>,
    accounts: &Accounts,
    defaults: &Defaults,
    entry: &Spanned<Shorthand<Group>>,
) -> Result<u32, Error> {
    let group = &entry.0;
    if let Some(gid) = &group.gid {
        return match accounts.group_with(gid.value) {
            None => Ok(gid.value),
            Some(owner) => {
                let owner = owner.escape_ascii();
                Err(gid
                    .error(format!("gid {} belongs to the group {owner}", gid.value))
                    .into())
            }
        };
    }
    let range = defaults.gids(group.system);
    let taken = accounts.ids(root)?.gids;
    ids::next(range.clone(), &taken, group.system).ok_or_else(|| {
        let message = format!("no gid is left from {} to {}", range.start(), range.end());
        let help = "widen the range in the image's /etc/login.defs, or give `gid`";
        entry.error(message).help(help).into()
    })
}

#[cfg(test)]
mod tests {
    use crate::kit::{distribution, map, read, step, value};
    use crate::value::Value;

    fn recipe(groups: Value) -> Value {
        map([("groups", groups)])
    }

    #[test]
    fn every_distribution_gives_its_own_numbers() {
        let groups = || {
            recipe(value!([
                "deploy",
                {"name": "data", "gid": (1500_i64), "members": ["root"]},
                {"name": "metrics", "system": true},
                {"name": "adm", "members": ["root"]},
            ]))
        };
        for (name, lines, gshadow) in [
            (
                "debian",
                "deploy:x:1000:\ndata:x:1500:root\nmetrics:x:999:\n",
                true,
            ),
            (
                "fedora",
                "deploy:x:1000:\ndata:x:1500:root\nmetrics:x:999:\n",
                true,
            ),
            (
                "alpine",
                "deploy:!:1000:\ndata:!:1500:root\nmetrics:!:999:\n",
                false,
            ),
            (
                "suse",
                "deploy:!:1000:\ndata:!:1500:root\nmetrics:!:499:\n",
                false,
            ),
            (
                "arch",
                "deploy:x:1000:\ndata:x:1500:root\nmetrics:x:983:\n",
                true,
            ),
        ] {
            let mut tree = distribution(name);
            let before = read(&tree, "/etc/group");
            step(&mut tree, "groups", &groups()).unwrap();
            assert_eq!(step(&mut tree, "groups", &groups()).unwrap().changes, []);
            let adm = before
                .lines()
                .find(|line| line.starts_with("adm:"))
                .unwrap();
            let new_adm = match adm {
                // root comes first there, and is a member already.
                "adm:x:4:root,adm" => adm.to_owned(),
                _ => format!("{adm}root"),
            };
            assert_eq!(
                read(&tree, "/etc/group"),
                before.replace(adm, &new_adm) + lines,
                "{name}"
            );
            let has_gshadow = tree.resolve(b"/etc/gshadow").is_ok();
            assert_eq!(has_gshadow, gshadow, "{name}");
            if gshadow {
                let text = read(&tree, "/etc/gshadow");
                assert!(
                    text.ends_with("deploy:!::\ndata:!::root\nmetrics:!::\n"),
                    "{name}: {text}"
                );
            }
        }
    }

    #[test]
    fn refusals() {
        for (groups, message) in [
            (
                value!(["a b"]),
                "group name \"a b\" has ' '; letters, digits, `_`, `.` and `-` are allowed",
            ),
            (value!(["a", {"name": "a"}]), "group \"a\" is listed twice"),
            (
                value!([{"name": "a", "gid": (0_i64)}]),
                "gid 0 belongs to the group root",
            ),
            (
                value!([{"name": "adm", "gid": (5_i64)}]),
                "the group \"adm\" has gid 4 already, not 5",
            ),
            (
                value!([{"name": "a", "gid": (u32::MAX as i64)}]),
                "id 4294967295 stands for no user or group",
            ),
            (
                value!([{"name": "a", "gid": (65_535_i64)}]),
                "id 65535 stands for no user or group",
            ),
            (
                value!([{"name": "a", "members": ["bob"]}]),
                "the image has no user \"bob\"",
            ),
            (value!([{"gid": (5_i64)}]), "the key `name` is missing"),
            (
                value!([(5_i64)]),
                "expected a group's name, or a mapping with `name`, found the number 5",
            ),
        ] {
            let error = step(&mut distribution("debian"), "groups", &recipe(groups)).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let scratch = step(
            &mut crate::kit::image(&[]),
            "groups",
            &recipe(value!(["a"])),
        );
        assert_eq!(
            scratch.unwrap_err().to_string(),
            "the image has no /etc/group"
        );
    }
}
