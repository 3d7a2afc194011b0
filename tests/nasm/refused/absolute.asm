; message: rule 2: mov eax, [rax*4]: an absolute address of 32 bits
section .rodata
table: dd 1
section .text
global function
function:
    mov eax, [table + rax*4]
    ret
