//! An interpreter that takes a bounded time and memory, and does the same each time.

use std::cell::Cell;

use mlua::{Error, HookTriggers, Lua, LuaOptions, StdLib, VmState};

/// The most memory that a script may have, in bytes.
const MEMORY: usize = 64 << 20;

/// After how many instructions it is looked how many there were.
const STEP: u32 = 100_000;

/// How many times that, at most: a second or so.
const STEPS: u32 = 500;

/// What is taken away or made anew: patterns that would take too long, what differs from run to
/// run, and what goes to a terminal.
const PRELUDE: &str = r#"
local type, error, select, rawnext, sort = type, error, select, next, table.sort
local count, rep = string.gsub, string.rep
local plain_tostring = tostring
local MOST = 100000000

-- Each sign that repeats may try every length, at every place of the text.
local function bounded(f, name)
    return function(text, pattern, ...)
        if type(text) == "number" then text = plain_tostring(text) end
        if type(text) == "string" and type(pattern) == "string" then
            local signs = select(2, count(pattern, "[%*%+%-%?]", ""))
            local steps = #text + 1
            for _ = 1, signs do
                steps = steps * (#text + 1)
                if steps > MOST then
                    error("string." .. name .. ": the pattern would take too long", 2)
                end
            end
        end
        return f(text, pattern, ...)
    end
end
for _, name in ipairs({ "find", "match", "gmatch", "gsub" }) do
    string[name] = bounded(string[name], name)
end

function pairs(t)
    local keys = {}
    for key in rawnext, t do keys[#keys + 1] = key end
    sort(keys, function(a, b)
        local kind, other = type(a), type(b)
        if kind ~= other then return kind < other end
        return (kind == "number" or kind == "string") and a < b
    end)
    local at = 0
    return function()
        while true do
            at = at + 1
            local key = keys[at]
            if key == nil then return nil end
            if t[key] ~= nil then return key, t[key] end
        end
    end
end

function tostring(value)
    local kind = type(value)
    if kind == "table" or kind == "function" or kind == "userdata" then return kind end
    return plain_tostring(value)
end

function print() end
"#;

/// Returns an interpreter without a script.
pub(super) fn state() -> Result<Lua, Error> {
    let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH | StdLib::UTF8;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(MEMORY)?;
    lua.load(PRELUDE).set_name("=prelude").exec()?;
    let math: mlua::Table = lua.globals().get("math")?;
    for random in ["random", "randomseed"] {
        math.set(random, mlua::Nil)?;
    }
    let steps = Cell::new(0_u32);
    let every = HookTriggers::new().every_nth_instruction(STEP);
    lua.set_hook(every, move |_, _| {
        steps.set(steps.get() + 1);
        match steps.get() > STEPS {
            true => Err(Error::runtime(format!(
                "it takes more than {} million instructions",
                u64::from(STEP) * u64::from(STEPS) / 1_000_000
            ))),
            false => Ok(VmState::Continue),
        }
    })?;
    Ok(lua)
}
