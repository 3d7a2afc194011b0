#!/bin/bash
# Lua: the scripts of tests/programs/lua, each in a compartment of its own; modules; a C module loaded while it runs.
. tests/programs/programs.sh lua5.4
scripts=$top/tests/programs/lua
lua() {
    orc_run --mount "$scripts:/scripts:ro" --mount "$PWD:/work" --workdir /work --env "LUA_PATH=/scripts/?.lua" --env "LUA_CPATH=/work/?.so" "$installed/bin/lua" "$@"
}

check "prints its version" bash -c "[ \"\$(\"$bin/orc\" run --lib \"$installed/lib\" \"$installed/bin/lua\" -v)\" = '$(strings -n 6 "$installed/lib/liblua5.4.so" | grep -m1 '^Lua 5[^$]*Copyright\|^Lua 5.4.*PUC-Rio$' || true)' ] || \"$bin/orc\" run --lib \"$installed/lib\" \"$installed/bin/lua\" -v | grep -q '^Lua 5\.4'"
for script in "$scripts"/test_*.lua; do
    name=$(basename "$script" .lua)
    check "${name#test_}" lua "/scripts/$name.lua"
done

from_standard_input() { [ "$(echo 'print(("x"):rep(3), ...)' | lua - a b)" = "xxx	a	b" ]; }
check "a program from standard input" from_standard_input
fails() {
    local out
    out=$(lua -e 'local function f() error("why not") end f()' 2>&1)
    [ $? = 1 ] && grep -q 'why not' <<<"$out" && grep -q 'stack traceback' <<<"$out"
}
check "an error gives its traceback and exit status 1" fails
exits() { lua -e 'os.exit(7)'; [ $? = 7 ]; }
check "os.exit" exits

cat >counter.c <<'C'
#include <lauxlib.h>
static int total;
static int count(lua_State *L) {
    total += (int) luaL_checkinteger(L, 1);
    lua_pushinteger(L, total);
    return 1;
}
int luaopen_counter(lua_State *L) {
    static const luaL_Reg functions[] = {{"count", count}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
C
c_module() {
    orc-cc -O2 -shared -I"$installed/include" -o counter.so counter.c || return 1
    [ "$(lua -e 'local c = require "counter"; c.count(40); print(c.count(2))')" = 42 ]
}
check "a C module is compiled, loaded and called" c_module
native_module() {
    printf 'int luaopen_native(void *L) { return 0; }' | clang-22 -shared -fPIC -x c -o native.so - || return 1
    local out
    out=$(lua -e 'require "native"' 2>&1)
    [ $? = 1 ] && ! grep -qi 'fault' <<<"$out"
}
check "a C module for the host is an error, not a crash" native_module
bytecode() {
    echo 'local function f(n) return n < 2 and n or f(n - 1) + f(n - 2) end print(f(20))' >fib.lua
    orc_run --mount "$PWD:/work" --workdir /work "$installed/bin/luac" -s -o fib.luac fib.lua && [ "$(lua fib.luac)" = 6765 ]
}
check "luac's code runs" bytecode
memory_limit() {
    local out
    out=$(orc_run --mem 64M "$installed/bin/lua" -e 'local t = {} local ok, why = pcall(function() for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end end) t = nil print(ok, why)' 2>&1)
    [ "$out" = "false	not enough memory" ] || { echo "$out"; return 1; }
}
check "out of memory is Lua's own error" memory_limit
finish_tests
