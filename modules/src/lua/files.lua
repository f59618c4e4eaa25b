-- Files as Lua's own library has them, read whole and written whole. `fs` reads and writes.
local fs = ...
local type, error, ipairs = type, error, ipairs
local find = string.find
local opened = {}

local File = {}
File.__index = File

local function flush(file)
    if file.changed then
        file.changed = false
        fs.write(file.path, file.text)
    end
end

local function check(file)
    if file.closed then error("attempt to use a closed file", 3) end
end

local function read_one(file, what)
    local text, at = file.text, file.at
    if type(what) == "number" then
        if at > #text and what > 0 then return nil end
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
    end
    error("bad argument #1 to 'read' (invalid format)", 3)
end

function File:read(first, ...)
    check(self)
    if select("#", ...) == 0 then return read_one(self, first or "l") end
    local found = {}
    local wanted = { first, ... }
    for i, what in ipairs(wanted) do found[i] = read_one(self, what) end
    return table.unpack(found, 1, #wanted)
end

function File:lines(what)
    check(self)
    return function() return read_one(self, what or "l") end
end

function File:write(...)
    check(self)
    if not self.writes then return nil, "Bad file descriptor", 9 end
    for _, part in ipairs({ ... }) do self.text = self.text .. part end
    self.changed = true
    return self
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

local function open(path, mode)
    mode = (mode or "r"):sub(1, 1) .. (mode or "r"):sub(2):gsub("b", "")
    local file = { path = path, at = 1, text = "", writes = mode ~= "r" }
    if mode == "r" then
        local text, message, number = fs.read(path)
        if not text then return nil, message, number end
        file.text = text
    elseif mode == "w" or mode == "a" then
        local done, message, number = fs.create(path, mode == "w")
        if not done then return nil, message, number end
        if mode == "a" then file.text = fs.read(path) end
    else
        error("the mode '" .. mode .. "' is not known here", 2)
    end
    opened[#opened + 1] = file
    return setmetatable(file, File)
end

local nowhere = setmetatable({ writes = true, text = "" }, {
    __index = {
        write = function(self) return self end,
        flush = function(self) return self end,
    },
})

io = {
    open = open,
    stdout = nowhere,
    stderr = nowhere,
    lines = function(path, what)
        local file, message = open(path)
        if not file then error(message, 2) end
        return file:lines(what)
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
    for _, file in ipairs(opened) do flush(file) end
end
