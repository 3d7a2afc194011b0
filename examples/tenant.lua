-- A tenant with a state of its own: adds up the numbers that it reads, and answers each with its name and its total. Clones
-- of a zygote have the same arguments: they read their names.
io.stdout:setvbuf("line")
local name, total = arg[1] or io.read(), 0
for line in io.lines() do
    total = total + (math.tointeger(tonumber(line)) or 0)
    print(name, total)
end
