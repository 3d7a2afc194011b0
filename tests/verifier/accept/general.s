# each: accept
nop
ret
int3
ud2
endbr64
pause
cpuid
rdtsc
xgetbv
lfence
mfence
sfence
cld
clc
stc
cmc
mov %rax, %rbx
mov %eax, %ebx
mov %ax, %bx
mov %ah, %bl
mov %bl, %ah
mov $5, %ah
test %ah, %ah
xchg %ah, %al
mov $0x1234, %ax
mov $0x12345678, %eax
movabs $0x123456789abcdef0, %rax
mov $-1, %rax
mov %r12, %rax
mov %rax, %r12
mov %r12b, %r12b
mov %r12d, %esi
mov %gs:(%eax), %rax
mov %gs:8(%ebp), %ebp
mov %gs:(%r12d), %rax
mov %gs:-8(%r12d,%r13d,8), %rax
mov %gs:(,%eax,4), %rax
mov %gs:(%eip), %rax
addr32 mov %gs:0x1000, %eax
mov %rax, %gs:0x7fffffff(%eax)
movb $1, %gs:(%eax)
movw $0x1234, %gs:(%eax)
movl $0x12345678, %gs:(%eax)
movq $-1, %gs:(%eax)
add %rax, %rbx
add $1, %ax
add $0x1234, %ax
add $0x12345678, %eax
add %eax, %gs:(%ebx)
adc %gs:(%ebx), %r8
sub $8, %rbp
sbb %al, %al
and $-16, %rbp
or %r9w, %gs:(%ebx,%ecx)
xor %eax, %eax
cmpl $0, %gs:(%ebp)
cmpw $0, %gs:(%ebp)
cmpb $0, %gs:(%ebp)
test %eax, %eax
test $0x1234, %ax
testb $1, %gs:(%eip)
inc %eax
decw %gs:(%eax)
neg %r12
not %ax
lock addl $1, %gs:(%eax)
lock incq %gs:(%eax)
lock decb %gs:(%eax)
lock notl %gs:(%eax)
lock xaddl %eax, %gs:(%ebx)
lock cmpxchgl %eax, %gs:(%ebx)
lock cmpxchgb %cl, %gs:(%ebx)
lock cmpxchg8b %gs:(%ebx)
lock cmpxchg16b %gs:(%ebx)
lock btsl $3, %gs:(%ebx)
lock xchgl %eax, %gs:(%ebx)
lock addw $1, %gs:(%ebx)
xchg %rax, %gs:(%ebx)
xchg %rax, %rbx
xchg %ax, %bx
cmpxchg %rax, %rbx
xadd %ax, %bx
mul %rcx
imul %ax
imul %ecx, %edx
imul $300, %cx, %dx
imul $3, %rcx, %rdx
div %cl
idivq %gs:(%ebx)
cbw
cwtl
cltq
cwtd
cltd
cqto
movsbw %al, %ax
movzbl %ah, %eax
movzwl %gs:(%eax), %eax
movswq %ax, %rax
movslq %eax, %rax
movzbw %gs:(%eax), %ax
shl %eax
shl $3, %ax
shr %cl, %rdx
sar $63, %rax
rolw $8, %ax
rorl %gs:(%eax)
rcl %rax
rcr $2, %al
shld $3, %eax, %ebx
shrd %cl, %rax, %gs:(%ebx)
bt $3, %eax
bt %eax, %ebx
bts %rax, %rbx
btrw $3, %gs:(%ebx)
btc $63, %rax
bsf %eax, %ebx
bsr %ax, %bx
tzcnt %eax, %ebx
lzcnt %ax, %bx
popcnt %gs:(%eax), %rax
popcnt %ax, %ax
bswap %eax
bswap %r12
movbe %gs:(%eax), %rax
movbe %ax, %gs:(%ebx)
crc32b %al, %eax
crc32w %gs:(%eax), %eax
crc32q %rax, %rbx
cmovne %eax, %ebx
cmovl %gs:(%ebx), %ax
sete %al
setg %gs:(%eax)
lea (%rax,%rbx,4), %rcx
lea 8(%eax), %ecx
lea 8(%eax), %rcx
lea (%rax), %cx
lea 0(%rip), %rax
lea 0(%eip), %eax
gs lea 0(%eip), %eax
gs lea 0(%rip), %rax
gs lea 4(%rbx), %rax
movnti %eax, %gs:(%ebx)
andn %rax, %rbx, %rcx
bextr %eax, %gs:(%ebx), %ecx
blsi %eax, %ebx
blsmsk %rax, %rbx
blsr %r12, %r13
bzhi %eax, %ebx, %ecx
mulx %rax, %rbx, %rcx
pdep %rax, %rbx, %rcx
pext %gs:(%eax), %rbx, %rcx
rorx $3, %eax, %ebx
sarx %eax, %ebx, %ecx
shlx %rax, %gs:(%ebx), %rcx
shrx %r12, %r13, %r14
adcx %rax, %rbx
adox %gs:(%eax), %ebx
prefetcht0 (%rax)
prefetcht1 %gs:(%eax)
prefetcht2 8(%rax,%rbx)
prefetchnta (%r12)
prefetchw (%rax)
.byte 0x65, 0x67, 0x8b, 0x00            # gs before 67
.byte 0x67, 0x65, 0x8b, 0x00            # 67 before gs
.byte 0x66, 0x65, 0x67, 0x8b, 0x00
.byte 0x65, 0x67, 0x66, 0x8b, 0x00
.byte 0x67, 0x66, 0x65, 0x44, 0x8b, 0x00
.byte 0x40, 0x01, 0xc0                  # REX without bits
.byte 0x48, 0x00, 0xc0                  # REX.W that doesn't matter
.byte 0x8b, 0xc0
.byte 0x89, 0xc0
.byte 0x00, 0xe4                        # add %ah, %ah
# accept: nothing but the end

# accept: more int3 than needed
.fill 100, 1, 0xcc
# accept: 16-byte aligned functions between int3
.p2align 4, 0xcc
endbr64
ret
.fill 11, 1, 0xcc
endbr64
ret
