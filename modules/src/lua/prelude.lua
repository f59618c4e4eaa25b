-- What is made anew in Lua's own libraries: what differs from run to run, and what goes to a
-- terminal. `beyond` ends a script that asks for what is not here, `charge` counts what it takes,
-- `ordered` lists a table's keys.
local beyond, charge, ordered = ...
local type, select, rawnext, rawassert, rawerror = type, select, next, assert, error
local rawtostring, rawformat, unpack, gmatch = tostring, string.format, table.unpack, string.gmatch

local PLAIN = { ["nil"] = true, boolean = true, number = true, string = true }

-- Lua tells of other values by where they lie in memory.
function tostring(value)
    local kind = type(value)
    return PLAIN[kind] and rawtostring(value) or kind
end

function string.format(text, ...)
    local values, count, at = { ... }, select("#", ...), 0
    for letter in gmatch(text, "%%[^%a%%]*(.)") do
        if letter ~= "%" then at = at + 1 end
        if letter == "p" then beyond("string.format: '%p'") end
        if type(values[at]) == "string" then charge(#values[at]) end
        if letter == "s" and at <= count then values[at] = tostring(values[at]) end
    end
    return rawformat(text, unpack(values, 1, count))
end

function error(message, level) return rawerror(tostring(message), level) end

function assert(value, ...)
    if value or select("#", ...) == 0 then return rawassert(value, ...) end
    return rawassert(value, tostring((...)))
end

-- Any text has the functions of the library, whatever a script names.
for _, name in rawnext, { "dump", "pack", "packsize", "unpack" } do
    string[name] = function() beyond("string." .. name) end
end

-- Nor has it a text with a byte of zero: to compare long ones takes longer than can be counted.
local find = string.find
for library, names in rawnext, { [string] = { "char", "format" }, [utf8] = { "char" } } do
    for _, name in rawnext, names do
        local f = library[name]
        library[name] = function(...)
            local text = f(...)
            if find(text, "\0", 1, true) then beyond(name .. ": a byte of zero") end
            return text
        end
    end
end

local concat = table.concat
function table.concat(...)
    local text = concat(...)
    charge(#text)
    return text
end

function print() end
function warn() end

-- Lua's own, which is a quicksort, but for its choice of pivots by the clock.
local function partition(t, lo, up, pivot, less)
    local i, j = lo, up - 1
    while true do
        i = i + 1
        while less(t[i], pivot) do
            if i == up - 1 then rawerror("invalid order function for sorting", 0) end
            i = i + 1
        end
        j = j - 1
        while less(pivot, t[j]) do
            if j < i then rawerror("invalid order function for sorting", 0) end
            j = j - 1
        end
        if j < i then
            t[up - 1], t[i] = t[i], t[up - 1]
            return i
        end
        t[i], t[j] = t[j], t[i]
    end
end

local function quicksort(t, lo, up, less)
    while lo < up do
        if less(t[up], t[lo]) then t[lo], t[up] = t[up], t[lo] end
        if up - lo == 1 then return end
        local p = (lo + up) // 2
        if less(t[p], t[lo]) then
            t[p], t[lo] = t[lo], t[p]
        elseif less(t[up], t[p]) then
            t[p], t[up] = t[up], t[p]
        end
        if up - lo == 2 then return end
        local pivot = t[p]
        t[p], t[up - 1] = t[up - 1], pivot
        p = partition(t, lo, up, pivot, less)
        if p - lo < up - p then
            quicksort(t, lo, p - 1, less)
            lo = p + 1
        else
            quicksort(t, p + 1, up, less)
            up = p - 1
        end
    end
end

function table.sort(t, less)
    quicksort(t, 1, #t, less or function(a, b) return a < b end)
end

function pairs(t)
    -- It says what is no table.
    if type(t) ~= "table" then for _ in rawnext, t do end end
    local keys = ordered(t)
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

local function length(value) return type(value) == "string" and #value or 1 end
local function span(t, first, last) return (last or type(t) == "table" and #t or 0) - (first or 1) end

-- What calls of functions go through, at most, where a call may be more than an instruction.
local costs = {
    string = {
        byte = function(text, first, last) return last and last ~= first and length(text) end,
        lower = length,
        rep = function(text, count, between) return (length(text) + length(between) + 0.0) * count end,
        reverse = length,
        upper = length,
    },
    table = {
        concat = function(t, _, first, last) return span(t, first, last) end,
        insert = function(t, at, ...) return select("#", ...) > 0 and span(t, at) end,
        move = function(_, first, last) return last - first + 0.0 end,
        remove = function(t, at) return at and span(t, at) end,
        unpack = span,
    },
    utf8 = { codepoint = length, len = length, offset = length },
    _G = { tonumber = length },
}
for name, functions in rawnext, costs do
    local library = _G[name]
    for name, cost in rawnext, functions do
        local f = library[name]
        library[name] = function(...)
            local steps = cost(...)
            if steps then charge(steps < 1e9 and steps // 1 | 0 or 1000000000) end
            return f(...)
        end
    end
end
