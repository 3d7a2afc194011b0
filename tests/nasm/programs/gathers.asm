; Each gather with all elements, some and none.
default rel
section .text align=16

%macro GATHER 5 ; name, instruction, result, index, scale
global %1
%1:                             ; (result, base, indices, masks)
    vmovdqu %3, [rdi]
    vmovdqu %4, [rdx]
%ifidn %3, ymm0
    vmovdqu ymm2, [rcx]
%define MASK ymm2
%else
    vmovdqu xmm2, [rcx]
%define MASK xmm2
%endif
    cmp rdi, rdi
    %2 %3, [rsi + %4*%5 + 8], MASK
    jne .broken                 ; the flags are as before
    vmovdqu [rdi], %3
    vmovdqu [rdi + 32], MASK
    mov rax, rsi
    vzeroupper
    ret
.broken:
    ud2
%endmacro

GATHER dd_y, vpgatherdd, ymm0, ymm1, 4
GATHER dd_x, vpgatherdd, xmm0, xmm1, 2
GATHER ps_y, vgatherdps, ymm0, ymm1, 1
GATHER dq_y, vpgatherdq, ymm0, xmm1, 8
GATHER pd_x, vgatherdpd, xmm0, xmm1, 8
GATHER qq_y, vpgatherqq, ymm0, ymm1, 8
GATHER qpd_x, vgatherqpd, xmm0, xmm1, 4
GATHER qps_x, vgatherqps, xmm0, xmm1, 4 ; two elements: the upper half becomes zero
GATHER qd_x, vpgatherqd, xmm0, xmm1, 2

global qd_y
qd_y:
    vmovdqu xmm0, [rdi]
    vmovdqu ymm1, [rdx]
    vmovdqu xmm2, [rcx]
    vpgatherqd xmm0, [rsi + ymm1*4 + 8], xmm2
    vmovdqu [rdi], xmm0
    vmovdqu [rdi + 32], xmm2
    mov rax, rsi
    vzeroupper
    ret

global in_rcx
in_rcx:                         ; the base in a register that the loads need
    vmovdqu ymm0, [rdi]
    vmovdqu ymm1, [rdx]
    vmovdqu ymm2, [rcx]
    mov rcx, rsi
    mov eax, 12345
    mov [rsp - 8], rdx          ; and the red zone in use
    vpgatherdd ymm0, [rcx + ymm1*4 + 8], ymm2
    cmp rdx, [rsp - 8]
    jne .broken
    cmp eax, 12345
    jne .broken
    vmovdqu [rdi], ymm0
    vmovdqu [rdi + 32], ymm2
    mov rax, rcx
    vzeroupper
    ret
.broken:
    ud2
