//! An interpreter that takes a bounded time and memory, and does the same each time.
//!
//! Lua's seed, and so where a table has its keys, is another in each process. What is charged does
//! not depend on it, except for the memory that there is at a moment: a table from which keys were
//! removed may grow sooner or later, and garbage go so. That is a small part of it, so only a script
//! that comes close to a limit may be within it once, and beyond it another time. `#` of a list with
//! gaps has any of its ends, as Lua says.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Error, Function, HookTriggers, Lua, LuaOptions, StdLib, VmState};

use super::{keys, texts};

/// The most memory that a script may have, in bytes.
const MEMORY: usize = 64 << 20;

/// After how many instructions they are counted.
const STEP: u32 = 200;

/// How much a script may take: an instruction, or a byte that a function goes through, is one. Half
/// a second or so; a minute if it compares or joins long texts all the time, and some minutes if it
/// takes them for numbers.
const STEPS: usize = 50_000_000;

/// An instruction may go through all texts that there are, as `==` does: it counts once more for
/// so many bytes of memory.
const PER_STEP: usize = 32 << 10;

/// What a script may still take.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// Takes what something costs.
    pub(super) fn charge(&self, steps: usize) -> Result<(), Error> {
        match self.0.get().checked_sub(steps) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(Beyond::error(format!(
                "it takes more than {} million instructions",
                STEPS / 1_000_000
            ))),
        }
    }
}

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

    pub(super) fn absent(what: &str) -> Error {
        Self::error(format!("it needs what is not here: {what}"))
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
    lua.create_function(|_, what: String| -> Result<(), Error> { Err(Beyond::absent(&what)) })
}

/// Returns an interpreter without a script, and the function that counts what one takes.
pub(super) fn state() -> Result<(Lua, Function), Error> {
    let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH | StdLib::UTF8;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(MEMORY)?;
    let budget = Rc::new(Budget(Cell::new(STEPS)));
    texts::install(&lua, &budget)?;
    let shared = Rc::clone(&budget);
    // What is negative costs nothing.
    let charge = lua.create_function(move |_, steps: i64| {
        shared.charge(usize::try_from(steps).unwrap_or_default())
    })?;
    let shared = Rc::clone(&budget);
    let keys = lua.create_function(move |lua, table| keys::of(lua, &table, &shared))?;
    lua.load(PRELUDE)
        .set_name("=prelude")
        .call::<()>((beyond(&lua)?, &charge, keys))?;
    lua.gc_collect()?;
    let before = lua.used_memory();
    let every = HookTriggers::new().every_nth_instruction(STEP);
    lua.set_hook(every, move |lua, _| {
        let grown = lua.used_memory().saturating_sub(before);
        budget.charge(STEP as usize * (1 + grown / PER_STEP))?;
        Ok(VmState::Continue)
    })?;
    Ok((lua, charge))
}
