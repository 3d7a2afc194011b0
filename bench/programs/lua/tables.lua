-- Sorting, inserting, removing, hashing with string keys.
return function()
    local seed, numbers = 1, {}
    for i = 1, 60000 do
        seed = (seed * 1103515245 + 12345) % 2147483648
        numbers[i] = seed
    end
    table.sort(numbers)
    local by_name = {}
    for i = 1, 60000 do by_name["key" .. i % 5000] = (by_name["key" .. i % 5000] or 0) + numbers[i] % 1000 end
    local sum, queue = 0, {}
    for _, value in pairs(by_name) do sum = sum + value end
    for i = 1, 2000 do table.insert(queue, i % 50 + 1 <= #queue and i % 50 + 1 or #queue + 1, i) end
    while #queue > 0 do sum = sum + table.remove(queue, 1) end
    return sum + numbers[30000]
end
