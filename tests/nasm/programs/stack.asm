; Stacks as hand-written code has them.
default rel
section .rodata align=32
ones: times 8 dd 1
section .text align=16

%macro ALIGNED 1
global aligned_%1
aligned_%1:                     ; (const int *a): sum of eight, through an aligned frame
    mov r8, rsp
    and rsp, -%1
    sub rsp, 2*%1
    vmovdqu ymm0, [rdi]
    vpaddd ymm0, ymm0, [ones]
    vmovaps [rsp], ymm0
    vmovdqa ymm1, [rsp]
    vmovdqu [rsp + 32], ymm1
    xor eax, eax
    xor ecx, ecx
.next:
    add eax, [rsp + rcx*4 + 32]
    inc ecx
    cmp ecx, 8
    jl .next
    vzeroupper
    mov rsp, r8
    ret
%endmacro
ALIGNED 32
ALIGNED 64

global aligned_in_memory
aligned_in_memory:              ; (long a, long b): the old stack pointer is in the frame
    push rbx
    mov rbx, rsp
    and rsp, ~31
    sub rsp, 96
    mov [rsp + 64], rbx
    mov [rsp], rdi
    mov [rsp + 8], rsi
    lea rbx, [rsp + 8]
    mov rax, [rbx - 8]
    sub rax, [rbx]
    mov rsp, [rsp + 64]
    pop rbx
    ret

global many_arguments
many_arguments:                 ; nine of them
    mov rax, [rsp + 8]
    shl rax, 1
    add rax, [rsp + 16]
    push rbx
    mov rbx, [rsp + 32]
    lea rax, [rax*2 + rbx]
    pop rbx
    add rax, rdi
    add rax, r9
    ret

; Called without a frame; and the callee reaches into its caller's.
global call_without_frame
call_without_frame:             ; (long a, ..., seventh)
    call .double
    call .seventh
    sub rsp, 24
    mov [rsp], rax
    call .first_local
    add rsp, 24
    ret
.double:
    lea rax, [rdi*2]
    push rax
    push rbx
    mov rbx, [rsp + 8]
    mov rax, rbx
    pop rbx
    add rsp, 8
    ret
.seventh:
    add rax, [rsp + 16]
    ret
.first_local:
    add rsp, 8                  ; steps over the return address
    add rax, [rsp]
    inc qword [rsp]
    add rax, [rsp]
    sub rsp, 8
    ret

; Alignment to 16 bytes holds from the callee's view as it does natively.
global aligned_calls
aligned_calls:                  ; (const float *a)
    sub rsp, 40
    movups xmm0, [rdi]
    movaps [rsp], xmm0
    call .inner
    addss xmm0, [rsp]
    add rsp, 40
    ret
.inner:
    sub rsp, 24
    movaps [rsp], xmm0
    movss xmm0, [rsp + 4]
    addss xmm0, [rsp + 8]
    add rsp, 24
    ret

; Two functions of different depths share an end.
global shared_end_1
shared_end_1:
    mov r9, rsp
    sub rsp, 64
    lea rax, [rdi + 1]
    jmp shared_end_2.body
global shared_end_2
shared_end_2:
    mov r9, rsp
    sub rsp, 128
    lea rax, [rdi + 2]
.body:
    mov [rsp], rax
    shl rax, 4
    add rax, [rsp]
    mov rsp, r9
    ret

; A part that falls on is also called.
global recursive
recursive:                      ; (long n)
    sub rsp, 72
    mov rcx, rdi
    xor eax, eax
.part:
    inc rax
    cmp rcx, 1
    jg .split
    cmp rcx, rdi
    je .end
    ret
.split:
    push rcx
    shr rcx, 1
    call .part
    pop rcx
    cmp rcx, rdi
    je .end
    ret
.end:
    add rsp, 72
    ret

global red_zone
red_zone:
    mov [rsp - 8], rdi
    mov [rsp - 128], rsi
    mov rax, [rsp - 8]
    sub rax, [rsp - 128]
    ret

global distances
distances:                      ; between stack pointers
    mov rax, rsp
    push rdi
    mov rcx, rsp
    sub rax, rcx
    pop rcx
    add rax, rcx
    lea rdx, [rsp - 40]
    sub rdx, rsp
    add rax, rdx
    mov edx, esp
    and edx, 15
    lea rax, [rax*8 + rdx]
    xchg rdx, rax
    mov rax, rdx
    ret
