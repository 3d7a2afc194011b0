-- A tenant with a state of its own: adds up the numbers that it reads, and answers each with its name and its total.
local name, total = arg[1], 0
io.stdout:setvbuf("line")
for line in io.lines() do
    total = total + (math.tointeger(tonumber(line)) or 0)
    print(name, total)
end
