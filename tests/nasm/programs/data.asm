; Sections, symbols and the ways to refer to them.
default rel
extern c_variable
extern c_function
section .rodata align=64
bytes: db 1, 2, 3, 0xff, "text", 0
align 16
global shared_table:data hidden (shared_table.end - shared_table)
shared_table: dd 10, 20, 30, 40
.end:
section .data align=8
counter: dq 5
pointer: dq counter
section .bss align=16
resb 24
buffer: resq 4
section .data.rel.ro progbits alloc noexec write align=8
functions: dq function_1, function_2, local_function, bytes + 2
section .text align=32

global function_1
function_1:
    lea eax, [rdi + 100]
    ret
align 16
global function_2:function hidden
function_2:
    lea eax, [rdi + 200]
    ret
local_function:
    lea eax, [rdi + 300]
    ret

global read_tables
read_tables:                    ; (long i)
    lea rcx, [shared_table]
    mov eax, [rcx + rdi*4]
    lea rdx, [bytes]
    movzx ecx, byte [rdx + rdi]
    add eax, ecx
    cmp byte [bytes + 4], 't'
    jne .other
    add eax, 10000
.other:
    lea r8, [$$]                ; tables at constant distances from the text
    add eax, [r8 + rdi*4 + shared_table - $$]
    ret

global write_data
write_data:
    mov rax, [pointer]
    add qword [rax], 7
    inc qword [buffer + 8]
    mov rcx, [buffer + 8]
    imul rcx, 1000
    mov rax, [counter]
    add rax, rcx
    ret

global call_table
call_table:                     ; (long argument, long i)
    sub rsp, 8
    lea rax, [functions]
    call [rax + rsi*8]
    add rsp, 8
    ret

global last_byte
last_byte:
    mov rax, [functions + 24]
    movzx eax, byte [rax]
    ret

global others
others:
    sub rsp, 8
    mov rax, [c_variable wrt ..got]
    mov edi, [rax]
    add dword [rax], 3
    call c_function wrt ..plt
    mov rcx, [c_variable wrt ..got]
    add eax, [rcx]
    add rsp, 8
    ret
