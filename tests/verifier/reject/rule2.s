# each: rule 2
mov (%rax), %rax
mov (%eax), %rax
mov %gs:(%rax), %rax
mov %gs:(%rax,%rcx,8), %rax
mov %gs:8(%rip), %rax
mov 8(%rip), %rax
mov 8(%eip), %rax
mov %gs:0x1000, %eax
mov 0x1000, %eax
mov %eax, (%rcx)
movb $1, (%rax)
movb $1, (%eax)
add (%rax), %eax
addl $1, %gs:(%rax)
lock incl (%rax)
lock incl (%eax)
lock cmpxchg16b %gs:(%rax)
cmpl $0x1e0ff390, -1(%rax)
cmpb $0xfa, 3(%rax)
movl (%rax), %r11d
movzbl (%rax), %eax
movss (%rax), %xmm0
movups %xmm4, (%eax)
movaps %gs:(%rax), %xmm0
vmovups %ymm0, (%eax)
vmovups %ymm0, %gs:(%rax)
vpmaskmovd (%eax), %ymm0, %ymm1
vmaskmovps %ymm0, %ymm1, %gs:(%rax)
fldt (%eax)
fstpt %gs:(%rax)
fnstcw (%eax)
stmxcsr (%eax)
sete (%eax)
cmovel (%eax), %eax
xchg %eax, (%eax)
imul $3, (%eax), %eax
movnti %eax, (%eax)
popcnt (%eax), %eax
crc32l (%eax), %eax
movbe (%eax), %eax
shll (%eax)
testl $1, (%eax)
divl (%eax)
btl $1, (%eax)
bextr %eax, (%eax), %ecx
shlx %eax, %gs:(%rax), %ecx
pextrb $1, %xmm0, (%eax)
vextracti128 $1, %ymm0, (%eax)
movq (%eax), %mm0
sha1msg1 (%eax), %xmm0
aesenc (%eax), %xmm0
.byte 0x65, 0x8b, 0x00
.byte 0x67, 0x8b, 0x00
# a bit offset in a register reaches 2^63 bits beyond the operand
bt %eax, %gs:(%ecx)
bts %eax, %gs:(%ecx)
btr %rax, %gs:(%ecx)
btc %ax, %gs:(%ecx)
lock bts %rax, %gs:(%ecx)
btl %eax, %fs:8
# reject: the read of a guarded sequence, alone: rule 2
bad: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
ret
# reject: two wrongs in one instruction: rule 2, rule 4
bad: mov (%rsp), %rax
