-- Closures, coroutines, metatables, goto, integers and floats, errors, to-be-closed variables, garbage collection.
local function counter()
    local n = 0
    return function() n = n + 1 return n end
end
local a, b = counter(), counter()
assert(a() == 1 and a() == 2 and b() == 1)

-- Coroutines: a generator, errors across a yield, wrap, close.
local function permutations(t, n)
    n = n or #t
    if n <= 1 then coroutine.yield(t) else
        for i = 1, n do
            t[n], t[i] = t[i], t[n]
            permutations(t, n - 1)
            t[n], t[i] = t[i], t[n]
        end
    end
end
local seen = {}
for p in coroutine.wrap(function() permutations {1, 2, 3, 4, 5} end) do seen[table.concat(p)] = true end
local count = 0
for _ in pairs(seen) do count = count + 1 end
assert(count == 120)
local co = coroutine.create(function(x) local y = coroutine.yield(x * 2) error({code = y}) end)
assert(select(2, coroutine.resume(co, 21)) == 42)
local ok, e = coroutine.resume(co, 7)
assert(not ok and e.code == 7 and coroutine.status(co) == "dead")
local closed = false
co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() closed = true end}) coroutine.yield() end)
coroutine.resume(co)
assert(coroutine.close(co) and closed)
for _ = 1, 2000 do coroutine.wrap(function() coroutine.yield() end)() end

-- pcall in coroutines, yields across pcall and metamethods.
co = coroutine.wrap(function()
    local ok, v = pcall(function() return coroutine.yield(1) + 1 end)
    local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end})
    return ok, v, t.field
end)
assert(co() == 1 and co(41) == "field")
local r = table.pack(co("value"))
assert(r[1] == true and r[2] == 42 and r[3] == "value")

-- Metatables.
local V = {}
V.__index = V
V.__add = function(p, q) return setmetatable({x = p.x + q.x}, V) end
V.__eq = function(p, q) return p.x == q.x end
V.__lt = function(p, q) return p.x < q.x end
V.__le = function(p, q) return p.x <= q.x end
V.__call = function(p, y) return p.x + y end
V.__len = function() return 99 end
V.__concat = function(p, q) return "V" .. (type(q) == "table" and q.x or q) end
V.__tostring = function(p) return "V(" .. p.x .. ")" end
local p, q = setmetatable({x = 1}, V), setmetatable({x = 2}, V)
assert((p + q).x == 3 and p < q and p <= q and p ~= q and p(10) == 11 and #p == 99 and p .. "z" == "Vz" and tostring(q) == "V(2)")
local log = {}
local proxy = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k rawset(t, k, v) end})
proxy.a, proxy.a, proxy.b = 1, 2, 3
assert(table.concat(log, ",") == "b,a,a" or #log >= 2)

-- Integers and floats.
assert(math.maxinteger + 1 == math.mininteger and 7 // 2 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and 7 // 0.0 == math.huge)
assert(1 == 1.0 and math.type(1) == "integer" and math.type(1.0) == "float" and 3 | 4 == 7 and ~0 == -1 and 1 << 63 == math.mininteger and 1 << 64 == 0)
assert(2^53 == 9007199254740992.0 and 10 / 2 == 5.0 and "10" + 5 == 15 and 0x7fffffffffffffff == math.maxinteger and tostring(1e15) == "1e+15")
assert(math.tointeger(3.0) == 3 and math.tointeger(3.5) == nil and tostring(-0.0) == "-0.0" and 0/0 ~= 0/0)
assert(not pcall(function() return 1 // 0 end) and not pcall(function() return 1 % 0 end) and math.fmod(-7, 3) == -1)
assert(string.format("%.17g", 0.1) == "0.10000000000000001" and tonumber("0x1p4") == 16.0 and tonumber("1e309") == math.huge and tonumber("z", 36) == 35)

-- goto, varargs, multiple assignment, integer for loops at the edge.
do
    local i = 1
    ::top::
    if i < 100 then i = i + 1 goto top end
    assert(i == 100)
    local n = 0
    for k = math.maxinteger - 2, math.maxinteger do n = n + 1 end
    assert(n == 3)
end
local function pack2(...) return select("#", ...), ... end
assert(select("#", pack2(nil, nil, nil)) == 4 and (pack2(nil, nil)) == 2)
assert(#table.pack(table.unpack({}, 1, 200)) <= 200 and select("#", table.unpack({}, 1, 200)) == 200)

-- Errors: messages with positions, error objects, tracebacks, deep recursion, error in a handler.
local ok, why = pcall(function() local x = nil; return x.field end)
assert(not ok and why:find("attempt to index a nil value %(local 'x'%)") and why:find("^[^:]+:%d+:"))
local ok, why = xpcall(function() error("deep", 0) end, function(m) return m .. "!" end)
assert(why == "deep!")
local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
assert(deep(15000) == 15000)
local ok, why = pcall(function() local function f() return 1 + f() end return f() end)
assert(not ok and tostring(why):find("stack overflow"))
local ok, why = pcall(string.rep, "x", 1 << 40)
assert(not ok)
local ok = pcall(function() local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x end)
assert(not ok)
local s = "return " .. ("("):rep(150) .. "1" .. (")"):rep(150)
assert(load(s)() == 1)
assert(not load("return " .. ("("):rep(5000) .. "1" .. (")"):rep(5000)))

-- To-be-closed variables in order, also on errors.
local order = {}
local function tbc(name) return setmetatable({}, {__close = function(_, e) order[#order + 1] = name .. (e and "!" or "") end}) end
pcall(function() local x <close> = tbc "x" local y <close> = tbc "y" error "now" end)
assert(table.concat(order) == "y!x!")
local c <const> = 5
assert(c == 5 and not load "local c <const> = 1; c = 2")

-- Garbage collection: weak tables, finalisers, generational and incremental modes.
local finalised = 0
for mode = 1, 2 do
    collectgarbage(mode == 1 and "generational" or "incremental")
    local weak = setmetatable({}, {__mode = "k"})
    for i = 1, 10000 do
        weak[{}] = i
        setmetatable({}, {__gc = function() finalised = finalised + 1 end})
    end
    collectgarbage() collectgarbage()
    assert(next(weak) == nil)
end
assert(finalised == 20000)
local before = collectgarbage "count"
do local big = {} for i = 1, 200000 do big[i] = {i} end end
collectgarbage() collectgarbage()
assert(collectgarbage "count" < before + 2000)

-- load with environments, string.dump, debug.
local env = {}
assert(load("x = 1; y = x + 1", "chunk", "t", env))()
assert(env.y == 2 and x == nil)
local f = load(string.dump(function(n) return n * 2 end))
assert(f(21) == 42)
local lines = {}
debug.sethook(function(_, line) lines[#lines + 1] = line end, "l")
local z = 1
z = z + 1
debug.sethook()
assert(#lines >= 3)
assert(debug.getinfo(1, "S").short_src:find("test_language") and debug.traceback("m"):find("^m\nstack traceback:"))
