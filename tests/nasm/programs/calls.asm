; Indirect calls, between which registers stay as they were.
default rel
section .text align=16

%macro CALLS 3 ; name, register of the target, other register
global %1
%1:                             ; (long (*function)(long), long n)
    push rbx
    mov rbx, rsi
    mov %2, rdi
    mov %3, 1000
    lea rax, [.keeps]
    call rax
    mov rdi, rbx
    sub rsp, 16
    mov [rsp], %3
    call %2
    add rax, [rsp]
    add rsp, 16
    pop rbx
    ret
.keeps:
    add rbx, 1
    ret
%endmacro
CALLS through_r11, r11, r10
CALLS through_r10, r10, r11

global through_memory
through_memory:                 ; (long (**functions)(long), long n)
    mov rax, rdi
    mov rdi, rsi
    jmp [rax + 8]

global tail
tail:                           ; a conditional tail call
    test rdi, rdi
    jz through_memory.zero
    mov eax, 5
    ret
through_memory.zero:
    mov eax, 6
    rep ret

align 32
global jump_over
jump_over:
    mov ecx, 3
    xor eax, eax
align 32
.loop:
    add eax, ecx
    loop .loop
    jrcxz .end
    mov eax, -1
.end:
    ret
