; Sizes, suffixes and operand orders of AT&T assembly.
default rel
section .rodata align=32
vector: dd 1.5, -2.5, 3.25, 1e10, 5.0, 6.0, 7.0, 8.0
doubles: dq 1.5, -2.75, 3.0, 4.0
section .text align=16

global integers
integers:                       ; (long *m): changes m[0..7]
    push rbx
    add byte [rdi], 200
    adc word [rdi + 2], 30000
    sub dword [rdi + 4], 1234567
    sbb qword [rdi + 8], -5
    and word [rdi + 8], 0xff0f
    or dword [rdi + 12], 0x40000000
    xor byte [rdi + 16], -1
    mov ecx, 5
    shl qword [rdi + 16], cl
    shr word [rdi + 18], 1
    sar dword [rdi + 20], 3
    rol byte [rdi + 16], 2
    neg dword [rdi + 24]
    not word [rdi + 28]
    inc byte [rdi + 30]
    dec qword [rdi + 32]
    mov byte [rdi + 40], 0xf0
    mov word [rdi + 42], 0xf00d
    mov dword [rdi + 44], 0xf000000d
    mov qword [rdi + 48], -1000
    bts dword [rdi + 48], 9
    lock xadd [rdi + 56], rcx
    mov rax, [rdi + 56]
    lock cmpxchg [rdi + 56], rdi
    mov [rdi + 56], rcx
    movzx eax, byte [rdi]
    movzx edx, word [rdi + 2]
    movsx rbx, byte [rdi + 1]
    add rax, rdx
    add rax, rbx
    movsx ebx, word [rdi + 4]
    add rax, rbx
    movsxd rbx, dword [rdi + 4]
    add rax, rbx
    movsx bx, byte [rdi + 5]
    add ax, bx
    imul rbx, [rdi + 8], 77
    add rax, rbx
    imul ebx, eax, -3
    add rax, rbx
    mul qword [rdi + 16]
    add rax, rdx
    imul dword [rdi + 20]
    add rax, rdx
    xor edx, edx
    mov ebx, 1000003
    and eax, 0x7fffffff
    div ebx
    cdq
    idiv dword [rdi + 44]
    cdqe
    shld rax, rbx, 7
    shrd rax, rbx, cl
    bswap rax
    bsf rdx, rax
    bsr rbx, rax
    popcnt rcx, rax
    lea rdx, [rdx + rbx*4]
    lea ecx, [ecx + edx*2 + 3]
    test byte [rdi], 16
    setnz bl
    cmova edx, ecx
    cmovle rcx, [rdi + 8]
    cmp word [rdi + 2], -3
    setl bh
    movzx ebx, bh
    add rax, rcx
    xchg rax, rdx
    add rax, rdx
    mov rdx, 0x123456789abcdef0
    xor rax, rdx
    mov edx, 0xfa1e0ff3         ; the mark's bytes
    add rax, rdx
    movbe [rdi + 24], edx
    crc32 eax, byte [rdi]
    crc32 eax, dword [rdi + 4]
    crc32 rax, rbx
    bt rax, 3
    adc rax, rbx
    pop rbx
    ret

global bit_fields
bit_fields:                     ; (long a, long b): BMI
    andn rax, rdi, rsi
    blsr rcx, rdi
    add rax, rcx
    shlx rcx, rdi, rsi
    sarx edx, edi, esi
    add rax, rcx
    add rax, rdx
    rorx rcx, rdi, 13
    pext rdx, rcx, rsi
    add rax, rdx
    bzhi rcx, rdi, rsi
    mulx r8, r9, rcx
    add rax, r8
    xor rax, r9
    tzcnt rcx, rsi
    lzcnt rdx, rdi
    lea rax, [rax + rcx*8]
    add rax, rdx
    ret

global conversions
conversions:                    ; (long a, const int *m, char *out)
    cvtsi2ss xmm0, rdi
    cvtsi2sd xmm1, dword [rsi]
    cvtsi2sd xmm2, qword [rsi]
    vcvtsi2ss xmm3, xmm0, dword [rsi + 4]
    vcvtsi2sd xmm4, xmm1, rdi
    cvtss2sd xmm5, [vector]
    cvtsd2si rax, [doubles]
    cvttss2si ecx, xmm3
    add rax, rcx
    vcvtpd2ps xmm6, [doubles]
    vcvtpd2dq xmm7, yword [doubles]
    vcvttpd2dq xmm8, ymm7
    cvtdq2ps xmm9, [rsi]
    movss [rdx], xmm0
    movsd [rdx + 8], xmm1
    movlps [rdx + 16], xmm2
    movhps [rdx + 24], xmm9
    vmovss [rdx + 32], xmm3
    vmovsd [rdx + 40], xmm4
    movupd [rdx + 48], xmm5
    movups [rdx + 64], xmm6
    movdqu [rdx + 80], xmm7
    cmpltps xmm9, xmm6
    cmpsd xmm4, xmm5, 2
    vcmpnltps ymm0, ymm6, [vector]
    movmskps ecx, xmm9
    add rax, rcx
    vmovmskps ecx, ymm0
    lea rax, [rax*8 + rcx]
    comisd xmm4, xmm5
    seta cl
    movzx ecx, cl
    add rax, rcx
    vzeroupper
    ret

global shuffles
shuffles:                       ; (const char *in, char *out)
    movdqu xmm0, [rdi]
    movdqu xmm1, [rdi + 16]
    movd xmm2, [rdi + 4]
    movq xmm3, [rdi + 8]
    pinsrb xmm2, [rdi + 1], 5
    pinsrw xmm2, [rdi + 2], 5
    pinsrd xmm2, [rdi + 4], 3
    pinsrq xmm3, [rdi + 8], 1
    pextrb [rsi], xmm0, 3
    pextrw [rsi + 2], xmm0, 2
    pextrd [rsi + 4], xmm0, 1
    pextrq [rsi + 8], xmm0, 1
    pextrw eax, xmm1, 6
    mov [rsi + 16], ax
    pshufb xmm1, xmm0
    palignr xmm1, xmm0, 7
    pshufd xmm4, xmm1, 0x1b
    pshuflw xmm4, xmm4, 0x4e
    shufps xmm4, xmm2, 0x63
    pblendvb xmm4, xmm3, xmm0
    pmulhrsw xmm4, xmm1
    psrldq xmm4, 3
    psraw xmm4, 2
    phaddw xmm4, xmm3
    insertps xmm4, [rdi + 12], 0x20
    movdqu [rsi + 32], xmm4
    vinserti128 ymm5, ymm4, [rdi], 1
    vpermq ymm5, ymm5, 0x8d
    vperm2i128 ymm6, ymm5, [rdi], 0x21
    vpblendvb ymm5, ymm6, ymm5, ymm5
    vpshufb ymm5, ymm5, ymm6
    vextracti128 [rsi + 48], ymm5, 1
    vpbroadcastb ymm7, [rdi + 3]
    vpbroadcastd xmm8, [rdi + 4]
    vpmovzxbw ymm9, [rdi]
    vpmovsxwd ymm10, xmm8
    vpaddw ymm7, ymm7, ymm9
    vpsllvd ymm7, ymm7, ymm10
    vpsadbw ymm7, ymm7, ymm10
    vmovdqu [rsi + 64], ymm7
    vpmaskmovd ymm7, ymm5, [rdi]
    movq mm0, [rdi]
    pshufw mm1, mm0, 0x1b
    paddb mm1, [rdi + 8]
    pmovmskb eax, mm1
    movntq [rsi + 96], mm1
    movq2dq xmm11, mm1
    movq rcx, xmm11
    add rax, rcx
    emms
    sfence
    vzeroupper
    ret

global x87
x87:                            ; (const void *in, void *out)
    fld dword [rdi]
    fld qword [rdi + 8]
    fadd dword [rdi]
    fmul qword [rdi + 8]
    fsubp st1, st0
    fild word [rdi + 16]
    fild dword [rdi + 20]
    fdivp st1, st0
    fild qword [rdi + 24]
    fxch st1
    fsubrp st1, st0
    fst dword [rsi]
    fstp qword [rsi + 8]
    fld st0
    fistp dword [rsi + 16]
    fld st0
    fisttp qword [rsi + 24]
    fstp tword [rsi + 32]
    ret

global strings
strings:                        ; (char *to, const char *from, long n)
    mov rcx, rdx
    mov rax, rdi
    rep movsb
    mov rcx, 3
    mov r8d, 0x41424344
    xchg r8, rax
    rep stosd
    mov rax, r8
    ret

global narrow_addresses
narrow_addresses:               ; (long a, long b): the upper halves don't count
    lea rax, [edi*4 - 64]
    lea ecx, [edi + esi*2]
    lea rdx, [esi + 3]
    lea rax, [rax + rcx]
    xor rax, rdx
    ret
