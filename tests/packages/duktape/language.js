// What an interpreter leans on: numbers and their text, strings, regular expressions, sorting, closures, exceptions, dates, JSON.
var digits = [];
for (var i = -320; i <= 308; i += 7) digits.push(Math.pow(10, i) * 1.2345678901234567);
print(digits.join(' '));
print([0.1 + 0.2, 1 / 3, -0, 5e-324, 1.7976931348623157e308, NaN, Infinity, 1e21, 123456789012345680000].join(' '));
print([Math.sin(1), Math.exp(-1), Math.atan2(1, -2), Math.pow(2, 0.5), Math.round(-2.5), Math.cbrt ? Math.cbrt(27) : 3].join(' '));
print((255).toString(16), (0.5).toString(2), (1234.5678).toFixed(2), (1234.5678).toExponential(3), (0.00001).toPrecision(2));
print('caf\u00e9 \ud83d\ude00'.length, 'abc'.replace(/(b)/, '[$1]'), 'a,b;c'.split(/[,;]/).join('|'), /^(\w+)\s(\w+)$/.exec('hello world')[2]);
var list = [];
for (i = 0; i < 2000; i++) list.push((i * 7919) % 2003);
list.sort(function (a, b) { return a - b; });
print(list.slice(0, 5), list.slice(-5));
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
print(fib(20));
try { null.x; } catch (e) { print(e instanceof TypeError); }
try { (function f() { f(); })(); } catch (e) { print(e.name); }
print(JSON.stringify({ a: [1, 2, { b: null }], c: 'x\n"' }), JSON.parse('{"k":[true,1e3]}').k[1]);
print(new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 250)).toISOString());
print(encodeURIComponent('a b&c/\u00e9'), decodeURIComponent('%F0%9F%98%80').length);
var bytes = new Uint8Array(16);
new DataView(bytes.buffer).setFloat64(0, Math.PI);
print(Array.prototype.join.call(bytes, ','));
