; %rbp as one register more, alone and with all others.
default rel
section .text align=16

global with_frame_register
with_frame_register:            ; (long *a, long n): sum of a[i] * (i + 1)
    push rbp
    push rbx
    mov rbp, rdi
    xor eax, eax
    xor ebx, ebx
.loop:
    mov rcx, [rbp + rbx*8]
    inc rbx
    imul rcx, rbx
    add rax, rcx
    cmp rbx, rsi
    jl .loop
    pop rbx
    pop rbp
    ret

global with_frame_pointer
with_frame_pointer:             ; (long a, long b)
    push rbp
    mov rbp, rsp
    sub rsp, 32
    mov [rbp - 8], rdi
    mov [rbp - 16], rsi
    mov rax, [rsp + 24]
    imul rax, [rbp - 16]
    mov rsp, rbp
    pop rbp
    ret

global with_byte_register
with_byte_register:             ; (long a): the low byte, sign-extended, twice
    push rbp
    mov rbp, rdi
    movsx rax, bpl
    mov bpl, 3
    movzx ecx, bpl
    add rax, rcx
    movsx ecx, bp
    add rax, rcx
    pop rbp
    ret

; All fifteen. Each is loaded, changed on two ways, and counts in the result.
global with_all
with_all:                       ; (long *a, long n)
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    sub rsp, 40
    mov [rsp], rdi
    mov [rsp + 8], rsi
    mov qword [rsp + 16], 0
.again:
    mov rdi, [rsp]
    mov rax, [rdi]
    mov rbx, [rdi + 8]
    mov rcx, [rdi + 16]
    mov rdx, [rdi + 24]
    mov rbp, [rdi + 32]
    mov r8, [rdi + 40]
    mov r9, [rdi + 48]
    mov r10, [rdi + 56]
    mov r11, [rdi + 64]
    mov r12, [rdi + 72]
    mov r13, [rdi + 80]
    mov r14, [rdi + 88]
    mov r15, [rdi + 96]
    lea rsi, [r13 + rbp*2]
    add rax, rbx
    sub rbx, rcx
    cmp rcx, rdx
    cmovl r12, r13
    adc r13, rdx
    lea r14, [r13 + r14*4 + 7]
    xor rbp, r15
    imul r15, r14, 3
    add r15d, r13d
    shl r13, 3
    mov r13b, bpl
    rol rbp, 5
    call .mix
    add [rsp + 16], rax
    dec qword [rsp + 8]
    jnz .again
    mov rax, [rsp + 16]
    add rsp, 40
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
.mix:
    add rax, rbx
    lea rax, [rax + rcx*2]
    xor rax, rdx
    add rax, rbp
    lea rax, [rax + rsi]
    ror rax, 7
    add rax, rdi
    sub rax, rdi
    xor rax, r8
    add rax, r9
    sub rax, r10
    xor rax, r11
    add rax, r12
    lea rax, [rax*2 + r13]
    add rax, r14
    push r13
    mov r13, r15
    add rax, r13
    pop r13
    add eax, r13d
    ret

; All fifteen, and a call to a C function in between.
extern twice
global with_all_and_call
with_all_and_call:              ; (long *a, long b)
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    sub rsp, 8
    mov r12, rdi
    mov rbp, rsi
    mov rbx, [r12]
    mov r13, [r12 + 8]
    mov r14, [r12 + 16]
    mov r15, [r12 + 24]
    mov rdi, rbp
    call twice wrt ..plt
    mov r8, rax
    mov r9, r13
    mov r10, r14
    mov r11, r15
    lea rcx, [r8 + r9]
    lea rdx, [r10 + r11]
    lea rsi, [rbx + rbp]
    lea rdi, [r12]
    mov rax, [rdi]
    add rax, rcx
    add rax, rdx
    add rax, rsi
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

global page_frame
page_frame:                     ; (long a)
    push rbp
    mov rbp, rsp
    and rsp, ~0xfff
    sub rsp, 4096
    mov [rsp], rdi
    mov rax, rsp
    and rax, 0xfff
    add rax, [rsp]
    call .doubles
    leave
    ret
.doubles:
    add rax, rax
    ret
