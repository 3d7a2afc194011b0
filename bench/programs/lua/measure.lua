-- measure.lua WORKLOAD ROUNDS: seconds of processor time for the rounds, and what the last one gave.
local run = dofile(arg[0]:gsub("measure", arg[1]))
local result
collectgarbage()
local from = os.clock()
for _ = 1, tonumber(arg[2]) do result = run() end
print(string.format("%.6f %s", os.clock() - from, result))
