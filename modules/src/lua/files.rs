//! The libraries of rpm's Lua that look at files and change them (rpm's `lposix.c`), with the image
//! as the root.

use std::cell::RefCell;

use mlua::{BString, Error, Function, IntoLua, Lua, LuaString, MultiValue, Scope, Table, Value};

use super::bounds;
use super::image::{Field, Files, Outcome, mode_change};

/// The rest of the libraries, in Lua.
const FILES: &str = include_str!("files.lua");

/// A call that takes one or two paths.
type Call<'r, 't> = fn(&mut Files<'r, 't>, &[u8], &[u8]) -> Outcome<()>;

type Shared<'r, 't> = RefCell<Files<'r, 't>>;

/// Puts the libraries into an interpreter; returns what is to be called when the script has ended.
pub(super) fn install<'s, 'env, 'r, 't>(
    (lua, charge): (&Lua, Function),
    scope: &'s Scope<'s, 'env>,
    files: &'env Shared<'r, 't>,
) -> Result<Function, Error>
where
    'r: 'env,
    't: 'env,
{
    let posix = posix(lua, scope, files)?;
    let (os, fs) = whole(lua, scope, files)?;
    let globals = lua.globals();
    for (name, library) in [("posix", posix), ("os", os)] {
        globals.set(name, library)?;
    }
    lua.load(FILES)
        .set_name("=files")
        .call((fs, bounds::beyond(lua)?, charge))
}

/// Returns what rpm has of its own.
fn posix<'s, 'env, 'r, 't>(
    lua: &Lua,
    scope: &'s Scope<'s, 'env>,
    files: &'env Shared<'r, 't>,
) -> Result<Table, Error>
where
    'r: 'env,
    't: 'env,
{
    let posix = lua.create_table()?;
    let one: [(&str, Call<'r, 't>); 4] = [
        ("mkdir", |files, path, _| files.mkdir(path)),
        ("rmdir", |files, path, _| files.rmdir(path)),
        ("unlink", |files, path, _| files.unlink(path)),
        ("mkfifo", |files, path, _| files.mkfifo(path)),
    ];
    for (name, call) in one {
        let function = scope.create_function(move |lua, path: LuaString| {
            let path = path.as_bytes();
            let done = call(&mut files.borrow_mut(), &path, b"");
            answer(lua, done.map(|()| 0.0), Some(&path))
        })?;
        posix.set(name, function)?;
    }
    let two: [(&str, Call<'r, 't>); 2] = [
        ("link", |files, old, new| files.link(old, new)),
        ("symlink", |files, old, new| files.symlink(old, new)),
    ];
    for (name, call) in two {
        let function = scope.create_function(move |lua, (old, new): (LuaString, LuaString)| {
            let done = call(&mut files.borrow_mut(), &old.as_bytes(), &new.as_bytes());
            answer(lua, done.map(|()| 0.0), None)
        })?;
        posix.set(name, function)?;
    }
    let access = move |lua: &Lua, (path, mode): (LuaString, Option<LuaString>)| {
        let path = path.as_bytes();
        let mode = mode.map(|mode| mode.as_bytes().to_vec());
        let done = files
            .borrow()
            .access(&path, mode.as_deref().unwrap_or(b"f"));
        answer(lua, done.map(|()| 0.0), Some(&path))
    };
    posix.set("access", scope.create_function(access)?)?;
    let chmod = move |lua: &Lua, (path, mode): (LuaString, LuaString)| {
        let path = path.as_bytes();
        let Some(change) = mode_change(&mode.as_bytes()) else {
            return Err(Error::runtime("bad argument #2 to 'chmod' (bad mode)"));
        };
        let done = files.borrow_mut().chmod(&path, &change);
        answer(lua, done.map(|()| 0.0), Some(&path))
    };
    posix.set("chmod", scope.create_function(chmod)?)?;
    let chown = move |lua: &Lua, (path, user, group): (LuaString, Value, Value)| {
        let path = path.as_bytes();
        let text = |value: Value| match value {
            Value::Nil => String::new(),
            Value::Number(id) => format!("{id:.0}"),
            value => value.to_string().unwrap_or_default(),
        };
        let done = files.borrow_mut().chown(&path, &text(user), &text(group));
        answer(lua, done.map(|()| 0.0), Some(&path))
    };
    posix.set("chown", scope.create_function(chown)?)?;
    let readlink = move |lua: &Lua, path: LuaString| {
        let path = path.as_bytes();
        let target = files.borrow().readlink(&path);
        answer(lua, target.map(BString::from), Some(&path))
    };
    posix.set("readlink", scope.create_function(readlink)?)?;
    let stat = move |lua: &Lua, (path, field): (LuaString, Option<String>)| {
        let path = path.as_bytes();
        let fields = match files.borrow().stat(&path) {
            Ok(fields) => fields,
            Err(failure) => return answer(lua, Err::<f64, _>(failure), Some(&path)),
        };
        if let Some(field) = field {
            let found = fields.into_iter().find(|(name, _)| *name == field);
            let Some((_, value)) = found else {
                let message = format!("bad argument #2 to 'stat' (invalid option '{field}')");
                return Err(Error::runtime(message));
            };
            return Ok(MultiValue::from_iter([value.into_lua(lua)?]));
        }
        let table = lua.create_table()?;
        for (name, value) in fields {
            table.set(name, value.into_lua(lua)?)?;
        }
        Ok(MultiValue::from_iter([Value::Table(table)]))
    };
    posix.set("stat", scope.create_function(stat)?)?;
    let dir = move |lua: &Lua, path: Option<LuaString>| {
        let path = path.map_or(b"/".to_vec(), |path| path.as_bytes().to_vec());
        let names = files.borrow().dir(&path);
        let names = names.map(|names| names.into_iter().map(BString::from).collect::<Vec<_>>());
        answer(lua, names, Some(&path))
    };
    posix.set("dir", scope.create_function(dir)?)?;
    posix.set("getcwd", lua.create_function(|_, ()| Ok("/"))?)?;
    Ok(posix)
}

/// Returns what Lua has of its own in `os`, and what its `io` is made of.
fn whole<'s, 'env, 'r, 't>(
    lua: &Lua,
    scope: &'s Scope<'s, 'env>,
    files: &'env Shared<'r, 't>,
) -> Result<(Table, Table), Error>
where
    'r: 'env,
    't: 'env,
{
    let (os, fs) = (lua.create_table()?, lua.create_table()?);
    let remove = move |lua: &Lua, path: LuaString| {
        let path = path.as_bytes();
        let done = files.borrow_mut().remove(&path);
        own(lua, done.map(|()| true), Some(&path))
    };
    os.set("remove", scope.create_function(remove)?)?;
    let rename = move |lua: &Lua, (old, new): (LuaString, LuaString)| {
        let done = files.borrow_mut().rename(&old.as_bytes(), &new.as_bytes());
        own(lua, done.map(|()| true), None)
    };
    os.set("rename", scope.create_function(rename)?)?;
    let read = move |lua: &Lua, path: LuaString| {
        let path = path.as_bytes();
        let text = files.borrow_mut().read(&path);
        own(lua, text.map(BString::from), Some(&path))
    };
    fs.set("read", scope.create_function(read)?)?;
    let create = move |lua: &Lua, (path, anew): (LuaString, bool)| {
        let path = path.as_bytes();
        let done = files.borrow_mut().create(&path, anew);
        own(lua, done.map(|()| true), Some(&path))
    };
    fs.set("create", scope.create_function(create)?)?;
    let write = move |lua: &Lua, (path, text): (LuaString, LuaString)| {
        let path = path.as_bytes();
        let done = files.borrow_mut().write(&path, &text.as_bytes());
        own(lua, done.map(|()| true), Some(&path))
    };
    fs.set("write", scope.create_function(write)?)?;
    Ok((os, fs))
}

/// Returns to a script what a call of `posix` came to.
fn answer(
    lua: &Lua,
    outcome: Outcome<impl IntoLua>,
    path: Option<&[u8]>,
) -> Result<MultiValue, Error> {
    // rpm gives all numbers with a fraction.
    tell(lua, outcome, path, |number| {
        Value::Number(f64::from(number))
    })
}

/// Returns to a script what a call of Lua's own library came to.
fn own(
    lua: &Lua,
    outcome: Outcome<impl IntoLua>,
    path: Option<&[u8]>,
) -> Result<MultiValue, Error> {
    tell(lua, outcome, path, |number| Value::Integer(number.into()))
}

/// Returns a value, or else nothing, a message and a number.
fn tell(
    lua: &Lua,
    outcome: Outcome<impl IntoLua>,
    path: Option<&[u8]>,
    number: impl Fn(i32) -> Value,
) -> Result<MultiValue, Error> {
    let (errno, text) = match outcome {
        Ok(value) => return Ok(MultiValue::from_iter([value.into_lua(lua)?])),
        Err(failure) => failure,
    };
    let message = match path {
        Some(path) => [path, b": ", text.as_bytes()].concat(),
        None => text.as_bytes().to_vec(),
    };
    let message = Value::String(lua.create_string(message)?);
    Ok(MultiValue::from_iter([Value::Nil, message, number(errno)]))
}

impl IntoLua for Field {
    fn into_lua(self, lua: &Lua) -> Result<Value, Error> {
        match self {
            Self::Text(text) => text.into_lua(lua),
            Self::Number(number) => lua.coerce_number(Value::Integer(number))?.into_lua(lua),
        }
    }
}
