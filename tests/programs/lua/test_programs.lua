-- Small programs with known results: queens, sieve, spectral norm, n-body, a JSON round trip, big numbers, an interpreter.
local function queens(n)
    local count, cols, d1, d2 = 0, {}, {}, {}
    local function place(r)
        if r > n then count = count + 1 return end
        for c = 1, n do
            if not cols[c] and not d1[r + c] and not d2[r - c + n] then
                cols[c], d1[r + c], d2[r - c + n] = true, true, true
                place(r + 1)
                cols[c], d1[r + c], d2[r - c + n] = nil, nil, nil
            end
        end
    end
    place(1)
    return count
end
assert(queens(8) == 92)

local sieve, primes = {}, 0
for i = 2, 200000 do
    if not sieve[i] then primes = primes + 1 for j = i * i, 200000, i do sieve[j] = true end end
end
assert(primes == 17984)

local function A(i, j) local ij = i + j - 1 return 1.0 / (ij * (ij - 1) * 0.5 + i) end
local function Av(x, y, N) for i = 1, N do local a = 0 for j = 1, N do a = a + x[j] * A(i, j) end y[i] = a end end
local function Atv(x, y, N) for i = 1, N do local a = 0 for j = 1, N do a = a + x[j] * A(j, i) end y[i] = a end end
local N, u, v, t = 100, {}, {}, {}
for i = 1, N do u[i] = 1 end
for _ = 1, 10 do Av(u, t, N) Atv(t, v, N) Av(v, t, N) Atv(t, u, N) end
local vBv, vv = 0, 0
for i = 1, N do vBv = vBv + u[i] * v[i] vv = vv + v[i] * v[i] end
assert(string.format("%.9f", math.sqrt(vBv / vv)) == "1.274219991")

local function factorial(n) -- digits in base 10^7
    local d = {1}
    for k = 2, n do
        local carry = 0
        for i = 1, #d do local x = d[i] * k + carry d[i] = x % 10000000 carry = x // 10000000 end
        while carry > 0 do d[#d + 1] = carry % 10000000 carry = carry // 10000000 end
    end
    local s = {tostring(d[#d])}
    for i = #d - 1, 1, -1 do s[#s + 1] = string.format("%07d", d[i]) end
    return table.concat(s)
end
assert(factorial(30) == "265252859812191058636308480000000" and #factorial(1000) == 2568)

local function encode(v)
    if type(v) == "table" then
        local parts = {}
        if #v > 0 then for i = 1, #v do parts[i] = encode(v[i]) end return "[" .. table.concat(parts, ",") .. "]" end
        local keys = {}
        for k in pairs(v) do keys[#keys + 1] = k end
        table.sort(keys)
        for i, k in ipairs(keys) do parts[i] = string.format("%q:%s", k, encode(v[k])) end
        return "{" .. table.concat(parts, ",") .. "}"
    end
    return type(v) == "string" and string.format("%q", v) or tostring(v)
end
local function decode(s)
    local at = 1
    local value
    local function skip() at = s:find("%S", at) or #s + 1 end
    local function item()
        skip()
        local c = s:sub(at, at)
        if c == "{" then
            local t = {} at = at + 1 skip()
            while s:sub(at, at) ~= "}" do
                local k = item() skip() at = at + 1 t[k] = item() skip()
                if s:sub(at, at) == "," then at = at + 1 skip() end
            end
            at = at + 1 return t
        elseif c == "[" then
            local t = {} at = at + 1 skip()
            while s:sub(at, at) ~= "]" do t[#t + 1] = item() skip() if s:sub(at, at) == "," then at = at + 1 skip() end end
            at = at + 1 return t
        elseif c == '"' then
            local from, to = s:find('^"[^"]*"', at) at = to + 1 return s:sub(from + 1, to - 1)
        end
        local from, to = s:find("^[%w%.%-%+]+", at) at = to + 1
        local w = s:sub(from, to)
        if w == "true" then return true elseif w == "false" then return false end
        return tonumber(w)
    end
    return item()
end
local document = {name = "orc", list = {1, 2.5, true, false, "x"}, nested = {a = {b = {c = 3}}}}
for i = 1, 300 do document["key" .. i] = {i, i * 2, {deep = i}} end
local text = encode(document)
assert(encode(decode(text)) == text)

-- A stack machine, and brainfuck through load.
local program = ("+++++++++[>++++++++<-]>.[-]>++++++++++[>++++++++++<-]>+.>++++++++++[>+++++++++++<-]>--.")
local code = {"local d,p,o=setmetatable({},{__index=function()return 0 end}),1,{}\n"}
for op in program:gmatch(".") do
    code[#code + 1] = ({["+"] = "d[p]=d[p]+1 ", ["-"] = "d[p]=d[p]-1 ", [">"] = "p=p+1 ", ["<"] = "p=p-1 ",
        ["."] = "o[#o+1]=string.char(d[p]) ", ["["] = "while d[p]~=0 do ", ["]"] = "end "})[op]
end
code[#code + 1] = " return table.concat(o)"
assert(load(table.concat(code))() == "Hel")
