-- Building, searching, replacing, formatting, packing.
return function()
    local parts = {}
    for i = 1, 20000 do parts[i] = string.format("%d:%s:%x", i, ("ab"):rep(i % 7), i * 7919) end
    local text = table.concat(parts, " ")
    local words = 0
    for word in text:gmatch("%S+") do words = words + #word end
    local replaced, times = text:gsub("(%d+):", "<%1>")
    local found, at = 0, 1
    while true do
        local from, to = replaced:find("abab", at, true)
        if not from then break end
        found, at = found + 1, to + 1
    end
    local packed = {}
    for i = 1, 20000 do packed[i] = string.pack("<i4d", i, i / 2) end
    local sum = 0
    for i = 1, #packed do sum = sum + string.unpack("<i4d", packed[i]) end
    return words + times + found + sum + #text:upper():reverse()
end
