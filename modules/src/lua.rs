//! Scripts of RPM packages in Lua, done to the image instead of a running system.
//!
//! The language is that of rpm, by the same program; the libraries are those parts of rpm's that
//! only look at files and change them. A script that names any other is not run at all. What it may
//! do is bounded: there is no way to the host, no clock and no randomness, and tables are gone
//! through in the order of their keys.

#[cfg(feature = "lua")]
mod bounds;
#[cfg(feature = "lua")]
mod files;
#[cfg(feature = "lua")]
mod image;
mod names;

use crate::{Root, RootError};

/// Returns whether all that a script uses is known.
pub(crate) fn is_known(text: &str) -> bool {
    cfg!(feature = "lua") && names::are_known(text)
}

/// Runs a script of a package, which can ask for paths; returns why it failed, if it did.
#[cfg(feature = "lua")]
pub(crate) fn run(
    root: &mut Root<'_>,
    text: &str,
    arguments: &[u32],
    paths: &[&[u8]],
) -> Result<Option<String>, RootError> {
    let files = std::cell::RefCell::new(image::Files::new(root));
    let outcome = bounds::state().and_then(|lua| {
        lua.scope(|scope| {
            let finish = files::install(&lua, scope, &files)?;
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
            lua.load(text).set_name("=<lua>").exec()?;
            finish.call::<()>(())
        })
    });
    if let Some(error) = files.into_inner().failed {
        return Err(error);
    }
    Ok(outcome.err().map(|error| {
        let message = error.to_string();
        message.lines().next().unwrap_or_default().to_owned()
    }))
}

#[cfg(not(feature = "lua"))]
pub(crate) fn run(
    _: &mut Root<'_>,
    _: &str,
    _: &[u32],
    _: &[&[u8]],
) -> Result<Option<String>, RootError> {
    Ok(Some("this hsb was built without Lua".to_owned()))
}

#[cfg(feature = "lua")]
#[cfg(test)]
mod tests;
