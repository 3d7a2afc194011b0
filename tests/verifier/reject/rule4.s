# each: rule 4
mov %rsp, %rax
mov %rax, %rsp
mov %esp, %eax
mov %eax, %esp
mov %sp, %ax
mov %ax, %sp
mov %spl, %al
mov %al, %spl
mov $0, %rsp
mov $0, %esp
mov $0, %spl
mov %gs:(%eax), %rsp
mov %rsp, %gs:(%eax)
movabs $0x123456789, %rsp
add $8, %rsp
sub $8, %rsp
and $-16, %rsp
add %rsp, %rax
xor %esp, %esp
cmp %rsp, %rax
cmpq %gs:(%eax), %rsp
test %esp, %esp
inc %rsp
neg %esp
xchg %rsp, %rax
xchg %esp, %eax
xchg %rax, %rsp
.byte 0x94
.byte 0x48, 0x94
.byte 0x66, 0x94
bswap %rsp
bswap %esp
lea 8(%rsp), %rax
lea 8(%rsp), %rsp
lea 8(%rax), %rsp
lea (%esp), %eax
lea (%rsp,%rax), %rcx
nopl (%rsp)
nop %esp
prefetcht0 (%rsp)
mov %gs:(%esp), %rax
mov %gs:8(%esp,%ecx), %rax
mov %rax, %gs:(%esp)
addl $1, %gs:(%esp)
imul $3, %rsp, %rax
imul %rax, %rsp
shl %rsp
shld $3, %rax, %rsp
movzbl %spl, %eax
movzbl %al, %esp
movslq %esp, %rax
movslq %eax, %rsp
cmove %rax, %rsp
cmove %rsp, %rax
sete %spl
xadd %rsp, %rax
cmpxchg %rsp, %rax
bsf %rsp, %rax
popcnt %rax, %rsp
lzcnt %rsp, %rax
bt $3, %rsp
bts %rsp, %rax
crc32q %rax, %rsp
crc32b %spl, %eax
movbe %gs:(%eax), %rsp
movbe %esp, %gs:(%eax)
movd %esp, %xmm0
movd %xmm0, %esp
movq %rsp, %xmm0
movq %xmm0, %rsp
movd %mm0, %esp
movq %rsp, %mm0
cvtsi2sd %rsp, %xmm0
cvttsd2si %xmm0, %rsp
cvtss2si %xmm0, %esp
pmovmskb %xmm0, %esp
movmskpd %xmm0, %esp
pextrw $1, %xmm0, %esp
pextrd $1, %xmm0, %esp
extractps $1, %xmm0, %esp
pinsrw $1, %esp, %xmm0
pinsrb $1, %esp, %xmm0
movnti %rsp, %gs:(%eax)
adcx %rsp, %rax
adox %rax, %rsp
andn %rsp, %rax, %rcx
andn %rax, %rsp, %rcx
andn %rax, %rcx, %rsp
bextr %rsp, %rax, %rcx
blsr %rax, %rsp
bzhi %rsp, %rax, %rcx
mulx %rax, %rsp, %rcx
mulx %rax, %rcx, %rsp
pdep %rsp, %rax, %rcx
pext %rax, %rcx, %rsp
rorx $3, %rsp, %rax
sarx %rsp, %rax, %rcx
shlx %rax, %rsp, %rcx
shrx %rax, %rcx, %rsp
vmovd %esp, %xmm0
vmovq %xmm0, %rsp
vpextrq $1, %xmm0, %rsp
vpinsrd $1, %esp, %xmm0, %xmm1
vcvtsi2sd %rsp, %xmm0, %xmm1
vpmovmskb %ymm0, %esp
vmovups %gs:(%esp), %ymm0
fldt %gs:(%esp)
ret $0
ret $8
ret $0xffff
mul %rsp
div %esp
# reject: an indirect call through rsp: rule 4, rule 6
bad: call *%rsp
# reject: an indirect jump through memory at rsp: rule 4, rule 7
bad: jmp *8(%rsp)
# reject: an indirect jump through the slot at esp: rule 4, rule 7
bad: jmp *%gs:8(%esp)
# reject: the thread pointer into rsp: rule 4
bad: mov %fs:0x38, %rsp
