# each: accept
mov %fs:0, %rax
mov %fs:0, %eax
mov %fs:0, %ax
mov %fs:0, %al
mov %rax, %fs:8
mov %fs:-8, %rax
mov %fs:-0x10000, %rax
mov %fs:0xffff, %rax
add %fs:16, %rax
addl $1, %fs:16
incl %fs:-4
lock incl %fs:-4
cmpq $0, %fs:-4
movzbl %fs:-4, %eax
movslq %fs:-4, %rax
movss %fs:-4, %xmm0
movsd %fs:-8, %xmm4
movq %xmm4, %fs:-8
flds %fs:-8
fldl %fs:-8
movlps %fs:-8, %xmm0
paddd %fs:-8, %mm0
.byte 0x64, 0x8b, 0x04, 0x25, 0, 0, 0, 0
.byte 0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff
.byte 0x66, 0x64, 0x8b, 0x04, 0x25, 0, 0, 0, 0
# the sequences that the linker leaves behind
mov %fs:0, %rax; .byte 0x65, 0x67, 0x03, 0x05; .long 0x100
.byte 0x0f, 0x1f, 0x00; mov %fs:0, %rax; lea -16(%rax), %rax
