//! Scripts of RPM packages in Lua, done to the image instead of a running system.
//!
//! The language is that of rpm, by the same program; the libraries are those parts of rpm's that
//! only look at files and change them. A script that names any other is not run at all. What it may
//! do is bounded: there is no way to the host, no clock and no randomness, and tables are gone
//! through in the order of their keys. One that asks for more all the same has done nothing.

#[cfg(feature = "lua")]
mod bounds;
#[cfg(feature = "lua")]
mod files;
#[cfg(feature = "lua")]
mod image;
#[cfg(feature = "lua")]
mod keys;
mod names;
#[cfg(feature = "lua")]
mod pattern;
#[cfg(feature = "lua")]
mod texts;

use crate::{Root, RootError};

/// Returns whether all that a script uses is known.
pub(crate) fn is_known(text: &str) -> bool {
    cfg!(feature = "lua") && names::are_known(text)
}

/// What a script came to.
#[cfg_attr(not(feature = "lua"), expect(dead_code, reason = "none is run"))]
pub(crate) enum Outcome {
    Done,
    /// It failed, as with rpm.
    Failed(String),
    /// It asked for more than there is here, and so nothing is left of what it did.
    Undone(String),
}

/// Runs a script of a package, which can ask for paths.
#[cfg(feature = "lua")]
pub(crate) fn run(
    root: &mut Root<'_>,
    text: &str,
    arguments: &[u32],
    paths: &[&[u8]],
) -> Result<Outcome, RootError> {
    root.attempt();
    let files = std::cell::RefCell::new(image::Files::new(root));
    let outcome = bounds::state().and_then(|(lua, charge)| {
        lua.scope(|scope| {
            let finish = files::install((&lua, charge), scope, &files)?;
            let passed = lua.create_table()?;
            // For historical reasons they begin at the second place.
            passed.set(1, "<lua>")?;
            for (argument, place) in arguments.iter().zip(2..) {
                passed.set(place, *argument)?;
            }
            lua.globals().set("arg", passed)?;
            let rpm = lua.create_table()?;
            if !paths.is_empty() {
                let paths = paths.iter().map(|path| mlua::BString::from(*path));
                let mut paths = paths.collect::<Vec<_>>().into_iter();
                let next = move |_: &mlua::Lua, ()| Ok(paths.next());
                rpm.set("next_file", lua.create_function_mut(next)?)?;
            }
            lua.globals().set("rpm", rpm)?;
            lua.load(text)
                .set_mode(mlua::chunk::ChunkMode::Text)
                .set_name("=<lua>")
                .exec()?;
            finish.call::<()>(())
        })
    });
    let failed = files.into_inner().failed;
    let undone = outcome.as_ref().err().and_then(bounds::Beyond::cause);
    root.decide(undone.is_none());
    match (failed, undone, outcome) {
        (Some(error), ..) => Err(error),
        (_, Some(why), _) => Ok(Outcome::Undone(why)),
        (.., Ok(())) => Ok(Outcome::Done),
        (.., Err(error)) => {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            Ok(Outcome::Failed(first.to_owned()))
        }
    }
}

#[cfg(not(feature = "lua"))]
pub(crate) fn run(_: &mut Root<'_>, _: &str, _: &[u32], _: &[&[u8]]) -> Result<Outcome, RootError> {
    Ok(Outcome::Undone("this hsb was built without Lua".to_owned()))
}

#[cfg(feature = "lua")]
#[cfg(test)]
mod tests;
