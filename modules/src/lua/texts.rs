//! What Lua's library for texts does by patterns (its `lstrlib.c`).

use std::rc::Rc;

use mlua::{Error, FromLua, IntoLua, Lua, LuaString, MultiValue, Table, Value};

use super::bounds::Budget;
use super::pattern::{Captured, Matcher};

/// What makes a pattern one.
const SIGNS: &[u8] = b"^$*+?.([%-";

/// Puts the functions into an interpreter.
pub(super) fn install(lua: &Lua, budget: &Rc<Budget>) -> Result<(), Error> {
    let string: Table = lua.globals().get("string")?;
    for is_find in [true, false] {
        let budget = Rc::clone(budget);
        let function =
            lua.create_function(
                move |lua,
                      (text, pattern, from, is_plain): (
                    LuaString,
                    LuaString,
                    Option<i64>,
                    Value,
                )| {
                    let is_plain = !matches!(is_plain, Value::Nil | Value::Boolean(false));
                    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
                    let Some(from) = start(from, text.len()) else {
                        return Ok(MultiValue::from_iter([Value::Nil]));
                    };
                    let is_plain = is_plain || !pattern.iter().any(|sign| SIGNS.contains(sign));
                    match is_find && is_plain {
                        true => plain(&text, &pattern, from, &budget),
                        false => first(lua, (&text, &pattern, from), is_find, &budget),
                    }
                },
            )?;
        string.set(if is_find { "find" } else { "match" }, function)?;
    }
    let shared = Rc::clone(budget);
    let gmatch = move |lua: &Lua, (text, pattern, from): (LuaString, LuaString, Option<i64>)| {
        let budget = Rc::clone(&shared);
        let length = text.as_bytes().len();
        let mut at = start(from, length).unwrap_or(length + 1);
        let mut last = None;
        lua.create_function_mut(move |lua, ()| {
            let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
            let mut matcher = Matcher::new(&text, &pattern, &budget);
            match matcher.from(at, last)? {
                Some(found) => {
                    (at, last) = (found.1, Some(found.1));
                    captures(lua, &matcher, found, true)
                }
                None => Ok(MultiValue::from_iter([Value::Nil])),
            }
        })
    };
    string.set("gmatch", lua.create_function(gmatch)?)?;
    let shared = Rc::clone(budget);
    let gsub = move |lua: &Lua, (text, pattern, with, most): Gsub| {
        replace(
            lua,
            (&text.as_bytes(), &pattern.as_bytes()),
            &with,
            most,
            &shared,
        )
    };
    string.set("gsub", lua.create_function(gsub)?)
}

type Gsub = (LuaString, LuaString, Value, Option<i64>);

/// Returns where a search begins, unless that is behind the end.
fn start(from: Option<i64>, length: usize) -> Option<usize> {
    let from = from.unwrap_or(1);
    let back = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
    match from {
        ..0 => Some(length.saturating_sub(back)),
        0 => Some(0),
        _ => Some(back - 1).filter(|from| *from <= length),
    }
}

fn plain(text: &[u8], wanted: &[u8], from: usize, budget: &Budget) -> Result<MultiValue, Error> {
    let place = memchr::memmem::find(&text[from..], wanted);
    budget.charge((place.unwrap_or(text.len() - from) + wanted.len()) / 8)?;
    let Some(place) = place else {
        return Ok(MultiValue::from_iter([Value::Nil]));
    };
    let at = from + place;
    let ends = [at + 1, at + wanted.len()];
    Ok(ends.into_iter().map(number).collect())
}

fn first(
    lua: &Lua,
    (text, pattern, from): (&[u8], &[u8], usize),
    is_find: bool,
    budget: &Budget,
) -> Result<MultiValue, Error> {
    let (pattern, is_anchored) = unanchored(pattern);
    let mut matcher = Matcher::new(text, pattern, budget);
    let found = match is_anchored {
        true => matcher.at(from)?.map(|end| (from, end)),
        false => matcher.from(from, None)?,
    };
    let Some(found) = found else {
        return Ok(MultiValue::from_iter([Value::Nil]));
    };
    let captures = captures(lua, &matcher, found, !is_find)?;
    let ends = [found.0 + 1, found.1].map(number);
    Ok(ends
        .into_iter()
        .filter(|_| is_find)
        .chain(captures)
        .collect())
}

/// Replaces what fits, `most` times at most.
fn replace(
    lua: &Lua,
    (text, pattern): (&[u8], &[u8]),
    with: &Value,
    most: Option<i64>,
    budget: &Budget,
) -> Result<MultiValue, Error> {
    let template = match with {
        Value::Table(_) | Value::Function(_) => None,
        with => Some(LuaString::from_lua(with.clone(), lua)?),
    };
    let template = template.as_ref().map(|template| template.as_bytes());
    let (pattern, is_anchored) = unanchored(pattern);
    let mut matcher = Matcher::new(text, pattern, budget);
    let (mut out, mut at, mut last, mut count) = (Vec::new(), 0, None, 0);
    while most.is_none_or(|most| count < most) {
        let found = match is_anchored {
            true => matcher.at(0)?.map(|end| (0, end)),
            false => matcher.from(at, last)?,
        };
        let Some(found) = found else { break };
        count += 1;
        out.extend_from_slice(&text[at..found.0]);
        let value = match (with, &template) {
            (_, Some(template)) => {
                expand(&mut out, template, (text, &matcher, found), budget)?;
                None
            }
            (Value::Table(table), _) => Some(table.get(value(lua, matcher.capture(0, found)?)?)?),
            (Value::Function(f), _) => Some(f.call(captures(lua, &matcher, found, true)?)?),
            _ => None,
        };
        match value {
            None => {}
            Some(Value::Nil | Value::Boolean(false)) => {
                out.extend_from_slice(&text[found.0..found.1]);
            }
            Some(value @ (Value::String(_) | Value::Integer(_) | Value::Number(_))) => {
                let text = LuaString::from_lua(value, lua)?;
                budget.charge(text.as_bytes().len())?;
                out.extend_from_slice(&text.as_bytes());
            }
            Some(value) => {
                let kind = value.type_name();
                return Err(Error::runtime(format!(
                    "invalid replacement value (a {kind})"
                )));
            }
        }
        budget.charge(found.1 - found.0)?;
        (at, last) = (found.1, Some(found.1));
        if is_anchored {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
    budget.charge(text.len() / 8)?;
    Ok([
        Value::String(lua.create_string(out)?),
        Value::Integer(count),
    ]
    .into_iter()
    .collect())
}

/// Writes what replaces a match: `%1` is its first capture, `%0` all of it.
fn expand(
    out: &mut Vec<u8>,
    template: &[u8],
    (text, matcher, found): (&[u8], &Matcher<'_>, (usize, usize)),
    budget: &Budget,
) -> Result<(), Error> {
    let mut signs = template.iter();
    while let Some(sign) = signs.next() {
        let length = out.len();
        match sign {
            b'%' => match signs.next() {
                Some(b'%') => out.push(b'%'),
                Some(b'0') => out.extend_from_slice(&text[found.0..found.1]),
                Some(digit @ b'1'..=b'9') => match matcher.capture((digit - b'1').into(), found)? {
                    Captured::Text(text) => out.extend_from_slice(text),
                    Captured::Place(place) => out.extend_from_slice(place.to_string().as_bytes()),
                },
                _ => return Err(Error::runtime("invalid use of '%' in replacement string")),
            },
            sign => out.push(*sign),
        }
        budget.charge(1 + out.len() - length)?;
    }
    Ok(())
}

fn unanchored(pattern: &[u8]) -> (&[u8], bool) {
    match pattern {
        [b'^', rest @ ..] => (rest, true),
        _ => (pattern, false),
    }
}

fn captures(
    lua: &Lua,
    matcher: &Matcher<'_>,
    found: (usize, usize),
    counts_itself: bool,
) -> Result<MultiValue, Error> {
    let numbers = 0..matcher.count(counts_itself);
    numbers
        .map(|number| value(lua, matcher.capture(number, found)?))
        .collect()
}

fn value(lua: &Lua, captured: Captured<'_>) -> Result<Value, Error> {
    match captured {
        Captured::Text(text) => lua.create_string(text)?.into_lua(lua),
        Captured::Place(place) => Ok(number(place)),
    }
}

fn number(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
