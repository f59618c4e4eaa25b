-- Files as Lua's own library has them, read whole and written whole. `fs` reads and writes;
-- `beyond` ends a script that asks for what is not here, `charge` counts what it takes.
local fs, beyond, charge = ...
local type, error, select, find, rep = type, error, select, string.find, string.rep
local format, pack, unpack, mathtype = string.format, table.pack, table.unpack, math.type
local concat = table.concat
local opened = {}

for _, library in ipairs({ posix, os, fs }) do
    for name, f in pairs(library) do
        library[name] = function(...)
            charge(100)
            return f(...)
        end
    end
end

local File = {}
File.__index = File

-- What is written at the end is joined only when it is asked for.
local function whole(file)
    if file.parts[2] then file.parts = { concat(file.parts) } end
    return file.parts[1]
end

local function append(file, part)
    file.parts[#file.parts + 1] = part
    file.size = file.size + #part
end

local function flush(file)
    if file.changed then
        file.changed = false
        charge(file.size)
        fs.write(file.path, whole(file))
    end
end

local function check(file)
    if file.closed then error("attempt to use a closed file", 3) end
end

local function read_one(file, what)
    local text, at = whole(file), file.at
    if type(what) == "number" then
        if at > #text then return nil end
        local part = text:sub(at, at + what - 1)
        file.at = at + #part
        return part
    end
    local kind = what:sub(1, 1) == "*" and what:sub(2, 2) or what:sub(1, 1)
    if kind == "a" then
        file.at = #text + 1
        return text:sub(at)
    elseif kind == "l" or kind == "L" then
        if at > #text then return nil end
        local stop = find(text, "\n", at, true)
        file.at = (stop or #text) + 1
        local last = stop and (kind == "L" and stop or stop - 1) or #text
        return text:sub(at, last)
    elseif kind == "n" then
        beyond("file:read: numbers")
    end
    error("bad argument #1 to 'read' (invalid format)", 3)
end

-- The prelude says why.
local function read(file, what)
    local text = read_one(file, what)
    if text and find(text, "\0", 1, true) then beyond("file:read: a byte of zero") end
    return text
end

function File:read(...)
    check(self)
    if not self.reads then return nil, "Bad file descriptor", 9 end
    local wanted, found = pack(...), {}
    if wanted.n == 0 then return read(self, "l") end
    for i = 1, wanted.n do
        found[i] = read(self, wanted[i])
        -- What follows is not read then.
        if found[i] == nil then return unpack(found, 1, i) end
    end
    return unpack(found, 1, wanted.n)
end

function File:lines(...)
    check(self)
    local wanted = pack(...)
    return function() return self:read(unpack(wanted, 1, wanted.n)) end
end

function File:write(...)
    check(self)
    if not self.writes then return nil, "Bad file descriptor", 9 end
    for i = 1, select("#", ...) do
        local part = select(i, ...)
        if type(part) == "number" then
            -- Without the `.0` that `tostring` adds to whole numbers.
            part = format(mathtype(part) == "integer" and "%d" or "%.14g", part)
        elseif type(part) ~= "string" then
            error(format("bad argument #%d to 'write' (string expected, got %s)", i, type(part)), 2)
        end
        local at = self.appends and self.size + 1 or self.at
        if at > self.size + 1 then append(self, rep("\0", at - 1 - self.size)) end
        self.at = at + #part
        if at > self.size then
            append(self, part)
        else
            charge(self.size)
            local text = whole(self)
            self.parts = { text:sub(1, at - 1) .. part .. text:sub(self.at) }
            self.size = #self.parts[1]
        end
    end
    self.changed = true
    return self
end

function File:seek(whence, offset)
    check(self)
    local from = { set = 0, cur = self.at - 1, ["end"] = self.size }
    local start = from[whence or "cur"]
    if not start then error("bad argument #1 to 'seek' (invalid option)", 2) end
    local place = start + (offset or 0)
    if place < 0 then return nil, "Invalid argument", 22 end
    self.at = place + 1
    return place
end

function File:flush()
    check(self)
    flush(self)
    return self
end

function File:close()
    check(self)
    flush(self)
    self.closed = true
    return true
end

function File:setvbuf() return true end

function File:__close() if not self.closed then self:close() end end

local function open(path, mode)
    mode = mode or "r"
    local kind, both = mode:match("^([rwa])(%+?)b?$")
    if not kind then error("bad argument #2 to 'open' (invalid mode)", 2) end
    local file = { path = path, at = 1, parts = { "" }, size = 0, appends = kind == "a" }
    file.reads, file.writes = kind == "r" or both == "+", kind ~= "r" or both == "+"
    if kind ~= "r" then
        local done, message, number = fs.create(path, kind == "w")
        if not done then return nil, message, number end
    end
    if kind ~= "w" then
        local text, message, number = fs.read(path)
        if not text then return nil, message, number end
        file.parts, file.size = { text }, #text
        if kind == "a" and both == "" then file.at = #text + 1 end
    end
    opened[#opened + 1] = file
    return setmetatable(file, File)
end

local nowhere = setmetatable({ writes = true }, {
    __index = {
        write = function(self) return self end,
        flush = function(self) return self end,
        setvbuf = function() return true end,
    },
})

io = {
    open = open,
    stdout = nowhere,
    stderr = nowhere,
    lines = function(path, ...)
        local file, message = open(path)
        if not file then error(message, 2) end
        return file:lines(...)
    end,
}

function posix.files(path)
    local names, message, number = posix.dir(path)
    if not names then return nil, message, number end
    local at = 0
    return function()
        at = at + 1
        return names[at]
    end
end

-- What is still open is written when the script ends.
return function()
    for i = 1, #opened do flush(opened[i]) end
end
