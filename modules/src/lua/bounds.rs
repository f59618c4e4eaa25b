//! An interpreter that takes a bounded time and memory, and does the same each time.

use std::cell::Cell;

use mlua::{Error, Function, HookTriggers, Lua, LuaOptions, StdLib, VmState};

/// The most memory that a script may have, in bytes.
const MEMORY: usize = 64 << 20;

/// After how many instructions it is looked how many there were.
const STEP: u32 = 100_000;

/// How many times that, at most: a second or so.
const STEPS: u32 = 500;

/// What is made anew, in Lua.
const PRELUDE: &str = include_str!("prelude.lua");

/// What a script asked for that is not here, or is more than it may take.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Beyond(String);

impl Beyond {
    fn error(what: impl Into<String>) -> Error {
        Error::external(Self(what.into()))
    }

    /// Returns what it was, if that is why a script ended.
    pub(super) fn cause(error: &Error) -> Option<String> {
        let is_memory = |error: &&(dyn std::error::Error + 'static)| {
            matches!(error.downcast_ref(), Some(Error::MemoryError(_)))
        };
        match error.downcast_ref::<Self>() {
            Some(Self(what)) => Some(what.clone()),
            None => error
                .chain()
                .any(|error| is_memory(&error))
                .then(|| format!("it takes more than {} MiB of memory", MEMORY >> 20)),
        }
    }
}

/// Returns the function that ends a script for what is not here.
pub(super) fn beyond(lua: &Lua) -> Result<Function, Error> {
    lua.create_function(|_, what: String| -> Result<(), Error> {
        Err(Beyond::error(format!("it needs what is not here: {what}")))
    })
}

/// Returns an interpreter without a script.
pub(super) fn state() -> Result<Lua, Error> {
    let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH | StdLib::UTF8;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(MEMORY)?;
    lua.load(PRELUDE)
        .set_name("=prelude")
        .call::<()>(beyond(&lua)?)?;
    let steps = Cell::new(0_u32);
    let every = HookTriggers::new().every_nth_instruction(STEP);
    lua.set_hook(every, move |_, _| {
        steps.set(steps.get() + 1);
        match steps.get() > STEPS {
            true => Err(Beyond::error(format!(
                "it takes more than {} million instructions",
                u64::from(STEP) * u64::from(STEPS) / 1_000_000
            ))),
            false => Ok(VmState::Continue),
        }
    })?;
    Ok(lua)
}
