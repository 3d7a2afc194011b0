-- The standard libraries.
-- Strings and patterns.
assert(("hello world"):gsub("o", "0") == "hell0 w0rld" and ("abc"):rep(3, "-") == "abc-abc-abc" and ("x"):byte() == 120)
assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key" and ("f(a(b)c)d"):match("%b()") == "(a(b)c)")
assert(("THE (quick) fox"):find("%((%a+)%)") == 5 and ("hello"):gsub("", "-") == "-h-e-l-l-o-" and ("abc"):gsub("%w", "%0%0") == "aabbcc")
assert(("$name is $age"):gsub("%$(%w+)", {name = "Lua", age = 30}) == "Lua is 30" and ("THE END"):gsub("%f[%a]%a+", string.lower) == "the end")
local words = {}
for w in ("one two  three"):gmatch("%S+") do words[#words + 1] = w end
assert(table.concat(words, "|") == "one|two|three")
assert(string.format("%5d|%-5s|%05.1f|%x|%q|%g|%i|%c|%%", 42, "ab", 3.14159, 255, 'a "q"\n\0', 1e20, 3, 65) == '   42|ab   |003.1|ff|"a \\"q\\"\\\n\\0"|1e+20|3|A|%')
assert(string.format("%a", 1.0) == "0x1p+0" and string.format("%.3s", "abcdef") == "abc" and #string.format("%99.99f", -1e308) >= 100)
assert(not pcall(string.format, "%d", 1.5) and not pcall(string.find, "x", "(") and not pcall(string.find, "a", "%"))
assert(("x"):rep(0) == "" and ("abc"):sub(-2) == "bc" and ("abc"):reverse() == "cba" and ("a,b,,c"):find(",,", 1, true) == 4)
-- Packing.
local packed = string.pack("<i4 >I2 d s1 z !8 i8", -2, 513, 1.5, "str", "zero", math.mininteger)
local i4, i2, d, s, z, i8 = string.unpack("<i4 >I2 d s1 z !8 i8", packed)
assert(i4 == -2 and i2 == 513 and d == 1.5 and s == "str" and z == "zero" and i8 == math.mininteger and string.packsize("i4i8") == 12 and string.packsize("!8 i4 i8") == 16)
for n = 1, 16 do assert(string.unpack("<i" .. n, string.pack("<i" .. n, -77)) == -77) end
-- UTF-8.
assert(utf8.char(72, 228, 8364, 128512) == "Hä€😀" and utf8.len("Hä€😀") == 4 and utf8.codepoint("€") == 8364 and utf8.offset("ä€x", 3) == 6)
local points = {}
for _, c in utf8.codes("añ☃") do points[#points + 1] = c end
assert(table.concat(points, ",") == "97,241,9731" and utf8.len("\xff") == nil)
-- Tables.
local t = {5, 2, 8, 1}
table.sort(t) assert(table.concat(t, " ") == "1 2 5 8")
table.sort(t, function(x, y) return x > y end) assert(table.concat(t, " ") == "8 5 2 1")
table.insert(t, 3, 7) assert(table.remove(t, 1) == 8 and table.concat(t, " ") == "5 7 2 1")
assert(table.concat(table.move({1, 2, 3}, 1, 3, 2), ",") == "1,1,2,3" and next({}) == nil and rawlen({1, 2}) == 2)
assert(not pcall(table.sort, {3, 1, 2, 5, 4, 9, 8, 7, 6, 0}, function() return true end) or true)
local big, state = {}, 1
for i = 1, 100000 do state = (state * 1103515245 + 12345) % 2147483648 big[i] = state end
table.sort(big)
for i = 2, #big do assert(big[i - 1] <= big[i]) end
-- Mathematics.
assert(math.abs(math.sin(math.pi / 6) - 0.5) < 1e-15 and math.floor(-1.5) == -2 and math.ceil(-1.5) == -1 and math.sqrt(2)^2 - 2 < 1e-15)
assert(math.abs(math.exp(1) - 2.718281828459045) < 1e-15 and math.abs(math.log(8, 2) - 3) < 1e-15 and math.ult(1, -1) and math.max(1, 5, 3) == 5)
math.randomseed(42)
local r1 = {math.random(), math.random(100), math.random(-5, 5)}
math.randomseed(42)
assert(r1[1] == math.random() and r1[2] == math.random(100) and r1[3] == math.random(-5, 5))
for _ = 1, 1000 do local r = math.random(6) assert(r >= 1 and r <= 6) end
-- Operating system.
assert(os.time {year = 2000, month = 1, day = 1, hour = 12} - os.time {year = 1999, month = 12, day = 31, hour = 12} == 86400)
assert(os.date("!%Y-%m-%d %H:%M:%S", 86399) == "1970-01-01 23:59:59" and os.date("!*t", 0).yday == 1 and os.time() > 1.6e9)
assert(os.getenv "LUA_PATH" == "/scripts/?.lua" and os.getenv "HOME_OF_NOBODY" == nil and os.setlocale "C" == "C")
local c0 = os.clock()
repeat local x = 0 for i = 1, 10000 do x = x + i end until os.clock() > c0
assert(os.difftime(10, 5) == 5.0)
-- There is no child process to be had: an error, not a crash.
local ok, why = pcall(io.popen, "ls")
assert(not ok or why == nil)
assert(not os.execute("true"))
-- Files.
local name = os.tmpname()
local f = assert(io.open(name, "w+"))
assert(f:write("line 1\n", 2, " ", 3.5, "\nlast"))
assert(f:seek("set") == 0 and f:read() == "line 1" and f:read("n", "n") == 2 and f:seek("cur") > 0)
f:seek("set")
assert(f:read("a") == "line 1\n2 3.5\nlast" and f:read("a") == "" and f:read("l") == nil and f:seek("end") == 17)
f:close()
assert(io.type(f) == "closed file" and not pcall(f.read, f))
local n = 0
for line in io.lines(name) do n = n + #line end
assert(n == 15)
for a, b in io.lines(name, 1, 2) do n = n + #a + #(b or "") end
assert(n == 32)
f = assert(io.open(name, "a")) f:setvbuf("full", 64) for i = 1, 1000 do f:write(i, "\n") end f:close()
f = io.open(name) f:seek("end", -5) assert(f:read("n") == 1000) f:close()
assert(os.rename(name, name .. ".new") and io.open(name) == nil and os.remove(name .. ".new"))
local ok, why, code = io.open("/no/such/file")
assert(not ok and why == "/no/such/file: No such file or directory" and code == 2)
assert(select(3, io.open("/scripts/new", "w")) == 30) -- a read-only mount
f = io.tmpfile() f:write(("x"):rep(1 << 20)) assert(f:seek("end") == 1 << 20) f:close()
f = io.open("/work/written", "wb") f:write("by Lua") f:close()
io.stderr:write("")
-- Modules.
local m = require "module"
assert(m.value == 42 and require "module" == m and package.loaded.module == m and m.name == "module")
local ok, why = pcall(require, "nothing.here")
assert(not ok and why:find("no file '/scripts/nothing/here.lua'", 1, true))
