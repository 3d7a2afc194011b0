; message: rule 4
; message: %rbp is the data stack pointer; use another register
section .text
%assign i 0
global function
function:
    push rbp
%rep 16
    pxor xmm %+ i, xmm %+ i
%assign i i+1
%endrep
    movq mm0, rax
    lea rax, [rbx + rcx]
    lea rdx, [rsi + rdi]
    lea r8, [r9 + r10]
    lea r11, [r12 + r13]
    lea r14, [r15 + rbp]
    pop rbp
    ret
