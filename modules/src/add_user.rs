//! `add_user`: adds users, with home, groups, ssh keys and the right to use sudo.
//!
//! It does what useradd(8) of the image would do, by the image's own settings. A user who exists
//! already gets what is missing: groups, keys, the sudo rule; a gecos, shell or password that the
//! recipe names replaces the old one. A number or home that differs is an error, because files
//! with the old one would be left behind.
//!
//! A name alone in the list, as in `add_users: [alice]`, means an administrator: the user gets
//! sudo where the image has it.

mod doc;
mod edit;
mod options;

use crate::accounts::Accounts;
use crate::accounts::defaults::Defaults;
use crate::value::{Key, Map, Span, Value, ValueError};
use crate::{Cfg, Error, Host, Module, Root};
use edit::Edit;
use options::Options;

pub(crate) const MODULE: Module = Module {
    name: "add_user",
    summary: "adds users, with home, groups, ssh keys and sudo",
    details: "\
Does what useradd of the image would do, by the image's own login.defs and useradd defaults. A user
who exists already gets what is missing: groups, keys, the sudo rule; a gecos, shell or password
that the recipe names replaces the old one. A number or home that differs is an error. Where useradd
warns of a shell that the image does not have, and sets it, the user gets `/bin/sh`, or for a shell
such as nologin the image's own of that sort: a login would end at once otherwise.

`sudo: true` writes a rule to `/etc/sudoers.d`, or to `/etc/doas.d` or `/etc/doas.conf` where only
doas is there, and puts the user into the group sudo or else wheel. Rules that visudo would refuse
are refused; rules for the user that sudo reads later are told of, and so are aliases that a rule
names and no file of sudo defines.",
    keys: &["add_users"],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.check()
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    add_all(root, &cfg.options()?, cfg.span())
}

/// Adds one user as if a recipe had it in `add_users`.
pub(crate) fn add(root: &mut Root<'_>, user: Value) -> Result<(), Error> {
    let mut options = Map::new();
    let key = Key {
        name: MODULE.keys[0].to_owned(),
        span: user.span,
    };
    options.insert(key, vec![user].into())?;
    let options: Options = Value::from(options).decode()?;
    options.check()?;
    add_all(root, &options, Span::default())
}

fn add_all(root: &mut Root<'_>, options: &Options, step: Span) -> Result<(), Error> {
    for file in ["/etc/passwd", "/etc/group"] {
        if !root.is_file(file) {
            let error = ValueError::new(step, format!("the image has no {file}"));
            return Err(error
                .help("users can be added to an installed system only")
                .into());
        }
    }
    let mut edit = Edit {
        defaults: Defaults::read(root)?,
        accounts: Accounts::read(root)?,
        root,
    };
    for entry in &options.add_users {
        edit.user(&entry.0, entry.span)?;
    }
    edit.accounts.write(edit.root)?;
    Ok(())
}

#[cfg(test)]
mod tests;
