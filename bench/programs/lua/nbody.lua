-- The outer planets: positions and velocities a step at a time, by the symplectic Euler method.
local bodies = {
    {0, 0, 0, 0, 0, 0, 39.478},
    {4.841, -1.160, -0.104, 0.606, 2.812, -0.023, 0.0377},
    {8.343, 4.125, -0.403, -1.011, 1.826, 0.008, 0.0113},
    {12.894, -15.111, -0.223, 1.083, 0.869, -0.011, 0.0017},
    {15.380, -25.919, 0.179, 0.979, 0.595, -0.035, 0.0020},
}
local sqrt = math.sqrt
local function step(dt)
    for i = 1, #bodies do
        local a = bodies[i]
        for j = i + 1, #bodies do
            local b = bodies[j]
            local dx, dy, dz = a[1] - b[1], a[2] - b[2], a[3] - b[3]
            local d2 = dx * dx + dy * dy + dz * dz
            local m = dt / (d2 * sqrt(d2))
            local ma, mb = a[7] * m, b[7] * m
            a[4], a[5], a[6] = a[4] - dx * mb, a[5] - dy * mb, a[6] - dz * mb
            b[4], b[5], b[6] = b[4] + dx * ma, b[5] + dy * ma, b[6] + dz * ma
        end
    end
    for i = 1, #bodies do
        local a = bodies[i]
        a[1], a[2], a[3] = a[1] + dt * a[4], a[2] + dt * a[5], a[3] + dt * a[6]
    end
end
return function()
    for _ = 1, 60000 do step(0.001) end
    return string.format("%.6f", bodies[2][1])
end
