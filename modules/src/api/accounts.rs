//! Operations on the users and groups of the image.

use super::operation::{Operation, Parameter, Type, flag, optional, required};
use super::{Data, Error};
use crate::accounts::defaults::Defaults;
use crate::accounts::{Accounts, ids, name};
use crate::value::{Key, Map, Span, Value};
use crate::{Error as ModuleError, Root, add_user};

const NAME: Parameter = required("name", Type::Text, "the name");
/// The highest number stands for nobody.
const ID: Type = Type::Int {
    min: 0,
    max: 0xffff_fffe,
};

pub(super) const USER: Operation = Operation {
    name: "user",
    summary: "returns a user's name, uid, gid, gecos, home and shell; null if there is none",
    parameters: &[NAME],
    returns: Type::Maybe(&Type::Map),
    act: |root, args| {
        let name = args.bytes();
        let accounts = Accounts::read(root)?;
        let row = accounts.users().find(|row| row[0] == name);
        Ok(row.map_or(Data::Null, user))
    },
};

pub(super) const USERS: Operation = Operation {
    name: "users",
    summary: "returns all users, each as `user` does",
    parameters: &[],
    returns: Type::List(&Type::Map),
    act: |root, _| {
        let accounts = Accounts::read(root)?;
        Ok(Data::List(accounts.users().map(user).collect()))
    },
};

pub(super) const GROUP: Operation = Operation {
    name: "group",
    summary: "returns a group's name, gid and members; null if there is none",
    parameters: &[NAME],
    returns: Type::Maybe(&Type::Map),
    act: |root, args| {
        let name = args.bytes();
        let accounts = Accounts::read(root)?;
        let row = accounts.groups().find(|row| row[0] == name);
        Ok(row.map_or(Data::Null, group))
    },
};

pub(super) const GROUPS: Operation = Operation {
    name: "groups",
    summary: "returns all groups, each as `group` does",
    parameters: &[],
    returns: Type::List(&Type::Map),
    act: |root, _| {
        let accounts = Accounts::read(root)?;
        Ok(Data::List(accounts.groups().map(group).collect()))
    },
};

pub(super) const ADD_USER: Operation = Operation {
    name: "add_user",
    summary: "adds a user, or what a user who is there lacks, as the module of that name does",
    parameters: &[
        NAME,
        optional("uid", ID, "the next free one if left out"),
        optional("gid", ID, "of the user's own group"),
        optional("groups", Type::List(&Type::Text), "further groups, by name"),
        optional("gecos", Type::Text, "full name and the like"),
        optional("home", Type::Text, "home directory"),
        optional("shell", Type::Text, "the program that a login starts"),
        flag(
            "system",
            false,
            "an account of a service: a low number, no home",
        ),
        optional("password_hash", Type::Text, "as crypt(5) has it"),
        optional(
            "ssh_authorized_keys",
            Type::List(&Type::Text),
            "lines for ~/.ssh/authorized_keys",
        ),
        optional(
            "sudo",
            Type::BoolOrText,
            "true for any command, or a rule of sudoers(5)",
        ),
        optional(
            "create_home",
            Type::Bool,
            "whether a home is made from /etc/skel",
        ),
        optional(
            "expire",
            Type::Text,
            "the day from which on the account is closed",
        ),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let mut account = Map::new();
        for parameter in ADD_USER.parameters {
            let data = args.any();
            if data != Data::Null {
                let key = Key {
                    name: parameter.name.to_owned(),
                    span: Span::default(),
                };
                let value = value(parameter, data)?;
                account.insert(key, value).map_err(ModuleError::from)?;
            }
        }
        Ok(add_user::add(root, account.into())?.into())
    },
};

pub(super) const ADD_GROUP: Operation = Operation {
    name: "add_group",
    summary: "adds a group, unless it is there, and returns its gid",
    parameters: &[
        NAME,
        optional("gid", ID, "the next free one if left out"),
        flag("system", false, "a group of a service: a low number"),
    ],
    returns: ID,
    act: |root, args| {
        let (name, gid, system) = (args.text(), args.maybe_int(), args.flag());
        name::check(&name)
            .map_err(|why| Error::invalid(format!("add_group: `name`: {name:?} {why}")))?;
        let gid = gid.and_then(|gid| u32::try_from(gid).ok());
        gid.map_or(Ok(()), ids::check)
            .map_err(|why| Error::invalid(format!("add_group: {why}")))?;
        Ok(add_group(root, &name, gid, system)?.into())
    },
};

fn add_group(
    root: &mut Root<'_>,
    name: &str,
    gid: Option<u32>,
    system: bool,
) -> Result<u32, Error> {
    for file in ["/etc/passwd", "/etc/group"] {
        if !root.is_file(file) {
            let error = Error::other(format!("add_group: the image has no {file}"));
            return Err(error.help("accounts can be added to an installed system only"));
        }
    }
    let mut accounts = Accounts::read(root)?;
    if let Some(has) = accounts.gid(name) {
        return match gid {
            Some(gid) if gid != has => Err(Error::other(format!(
                "add_group: the group {name:?} has gid {has} already, not {gid}"
            ))),
            _ => Ok(has),
        };
    }
    let gid = match gid {
        Some(gid) => {
            if let Some(owner) = accounts.group_with(gid) {
                let owner = owner.escape_ascii();
                let message = format!("add_group: gid {gid} belongs to the group {owner}");
                return Err(Error::other(message));
            }
            gid
        }
        None => {
            let defaults = Defaults::read(root)?;
            let range = defaults.gids(system);
            let taken = accounts.ids(root)?.gids;
            ids::next(range.clone(), &taken, system).ok_or_else(|| {
                let (min, max) = range.into_inner();
                let error = Error::other(format!("add_group: no gid is left from {min} to {max}"));
                error.help("widen the range in the image's /etc/login.defs, or give `gid`")
            })?
        }
    };
    accounts.add_group(name, gid);
    accounts.write(root)?;
    Ok(gid)
}

/// Returns an argument as a recipe would have it.
fn value(parameter: &Parameter, data: Data) -> Result<Value, Error> {
    Ok(match data {
        Data::Bool(value) => value.into(),
        Data::Int(number) => number.into(),
        Data::Bytes(text) => {
            let text = String::from_utf8(text).map_err(|error| {
                let (name, at) = (parameter.name, error.utf8_error().valid_up_to());
                let message = format!("add_user: `{name}`: byte {at} begins no character of UTF-8");
                Error::invalid(message)
            })?;
            text.into()
        }
        Data::List(items) => {
            let items = items.into_iter().map(|item| value(parameter, item));
            items.collect::<Result<Vec<_>, _>>()?.into()
        }
        Data::Null | Data::Float(_) | Data::Map(_) => {
            let (name, found) = (parameter.name, data.noun());
            let message = format!("add_user: `{name}` holds {found}");
            return Err(Error::invalid(message));
        }
    })
}

fn user(row: [&[u8]; 7]) -> Data {
    let [name, _, uid, gid, gecos, home, shell] = row;
    Data::map([
        ("name", name.into()),
        ("uid", id(uid)),
        ("gid", id(gid)),
        ("gecos", gecos.into()),
        ("home", home.into()),
        ("shell", shell.into()),
    ])
}

fn group(row: [&[u8]; 4]) -> Data {
    let [name, _, gid, members] = row;
    let members = members
        .split(|b| *b == b',')
        .filter(|name| !name.is_empty());
    let members: Vec<Data> = members.map(Data::from).collect();
    Data::map([
        ("name", name.into()),
        ("gid", id(gid)),
        ("members", members.into()),
    ])
}

fn id(field: &[u8]) -> Data {
    crate::accounts::number(field).map_or(Data::Null, Data::from)
}
