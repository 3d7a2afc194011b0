local function A(i, j)
    local n = i + j - 1
    return 1.0 / (n * (n - 1) * 0.5 + i)
end
local function multiply(x, y, n)
    for i = 1, n do
        local sum = 0
        for j = 1, n do sum = sum + x[j] * A(i, j) end
        y[i] = sum
    end
end
local function multiply_transposed(x, y, n)
    for i = 1, n do
        local sum = 0
        for j = 1, n do sum = sum + x[j] * A(j, i) end
        y[i] = sum
    end
end
return function()
    local n, u, v, t = 200, {}, {}, {}
    for i = 1, n do u[i] = 1 end
    for _ = 1, 5 do
        multiply(u, t, n) multiply_transposed(t, v, n)
        multiply(v, t, n) multiply_transposed(t, u, n)
    end
    local uv, vv = 0, 0
    for i = 1, n do uv, vv = uv + u[i] * v[i], vv + v[i] * v[i] end
    return string.format("%.9f", math.sqrt(uv / vv))
end
