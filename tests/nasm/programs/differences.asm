; A table of distances to functions of another object.
default rel
extern double_it
extern negate_it
section .rodata
db 1, 2, 3, 4
table: dd double_it - table, negate_it - table
section .text

global call_difference
call_difference:                ; (long value, long i)
    lea rax, [table]
    movsxd rcx, [rax + rsi*4]
    add rcx, rax
    jmp rcx
