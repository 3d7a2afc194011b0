local function tree(depth)
    if depth == 0 then return {} end
    return {tree(depth - 1), tree(depth - 1)}
end
local function count(t) return t[1] and 1 + count(t[1]) + count(t[2]) or 1 end
return function()
    local long, total = tree(13), 0
    for depth = 4, 12, 4 do
        for _ = 1, 1 << (12 - depth + 1) do total = total + count(tree(depth)) end
    end
    return total + count(long)
end
