# Instructions that aren't on the allow-list
# each: rule 1
push %rax
push %r12
push $1
push $0x12345678
pushq %gs:(%eax)
pop %rax
pop %r12
popq %gs:(%eax)
pushf
popf
push %fs
pop %gs
enter $8, $0
leave
syscall
sysenter
.byte 0x0f, 0x07
.byte 0x0f, 0x35
int $0x80
.byte 0xcd, 0x03
.byte 0xf1
hlt
cli
sti
std
in $4, %al
in %dx, %eax
out %al, %dx
insb
outsl
movsb
movsl
movsq
rep movsb
rep movsq
stosb
rep stosq
lodsb
cmpsb
repe cmpsb
cmpsl
scasb
repne scasb
xlat
iretq
lret
lret $4
ljmp *%gs:(%eax)
lcall *%gs:(%eip)
ljmpq *%gs:(%eax)
mov %ds, %eax
mov %gs, %rax
mov %fs, %gs:(%eax)
mov %eax, %ds
mov %eax, %gs
mov %gs:(%eax), %fs
lfs %gs:(%eax), %ecx
lgs %gs:(%eax), %ecx
lss %gs:(%eax), %ecx
mov %cr0, %rax
mov %rax, %cr3
mov %dr0, %rax
mov %rax, %dr7
movabs 0x1122334455667788, %al
movabs 0x1122334455667788, %eax
movabs 0x1122334455667788, %rax
movabs %rax, 0x1122334455667788
.byte 0x65, 0x67, 0xa1, 0, 0, 0, 0      # moffs, though within the slot
.byte 0x65, 0x67, 0xa3, 0, 0, 0, 0
.byte 0x64, 0x48, 0xa1, 0, 0, 0, 0, 0, 0, 0, 0
wrgsbase %rax
wrfsbase %rax
rdgsbase %rax
rdfsbase %eax
swapgs
lgdt %gs:(%eax)
sgdt %gs:(%eax)
lidt %gs:(%eax)
sidt %gs:(%eax)
lldt %ax
sldt %eax
str %eax
ltr %ax
smsw %eax
lmsw %ax
clts
lar %ax, %eax
lsl %ax, %eax
verr %ax
verw %ax
invd
wbinvd
invlpg %gs:(%eax)
rdmsr
wrmsr
rdpmc
rdtscp
rdpid %rax
rdpkru
wrpkru
rdrand %eax
rdseed %eax
xsetbv
xsave %gs:(%eax)
xsave64 %gs:(%eax)
xsavec %gs:(%eax)
xsaveopt %gs:(%eax)
xrstor %gs:(%eax)
xrstor64 %gs:(%eax)
fxsave %gs:(%eax)
fxrstor %gs:(%eax)
fnsave %gs:(%eax)
frstor %gs:(%eax)
fnstenv %gs:(%eax)
fldenv %gs:(%eax)
fldcw %gs:(%eax)
ldmxcsr %gs:(%eax)
vldmxcsr %gs:(%eax)
lahf
sahf
clflush %gs:(%eax)
clflushopt %gs:(%eax)
clwb %gs:(%eax)
cldemote %gs:(%eax)
clzero
monitor
mwait
monitorx
mwaitx
umonitor %rax
umwait %eax
tpause %eax
vmcall
vmmcall
vmlaunch
vmrun
vmfunc
encls
enclu
getsec
rsm
stac
clac
xbegin .+6
xabort $1
xend
xtest
serialize
ptwrite %eax
ud1 %eax, %eax
ud1l %gs:(%eax), %eax
.byte 0x0f, 0xff, 0xc0
endbr32
rdsspq %rax
incsspq %rax
saveprevssp
setssbsy
enqcmd %gs:(%eax), %ecx
movdir64b %gs:(%eax), %ecx
movdiri %eax, %gs:(%ecx)
maskmovq %mm0, %mm1
maskmovdqu %xmm0, %xmm1
vmaskmovdqu %xmm0, %xmm1
vpgatherdd %ymm0, %gs:(%eax,%ymm1), %ymm2
vpgatherqq %ymm0, %gs:(%eax,%ymm1), %ymm2
vgatherdps %xmm0, %gs:(,%xmm1,4), %xmm2
vgatherqpd %ymm0, %gs:(%eax,%ymm1), %ymm2
femms
pfadd %mm0, %mm1
pswapd %mm0, %mm1
extrq %xmm0, %xmm1
insertq %xmm0, %xmm1
movntss %xmm0, %gs:(%eax)
gf2p8mulb %xmm0, %xmm1
vgf2p8mulb %xmm0, %xmm1, %xmm2
# EVEX, XOP, FMA4, TBM, mask registers, AMX
vaddps %zmm0, %zmm1, %zmm2
vaddps %xmm16, %xmm1, %xmm2
vaddps %ymm0, %ymm1, %ymm2 {%k1}
{evex} vaddps %ymm0, %ymm1, %ymm2
vmovdqu64 %gs:(%eax), %zmm1
vpscatterdd %ymm0, %gs:(%eax,%ymm1) {%k1}
kmovw %eax, %k1
kmovw %gs:(%eax), %k1
vfmaddps %xmm0, %xmm1, %xmm2, %xmm3
vpcmov %xmm0, %xmm1, %xmm2, %xmm3
vprotb %xmm0, %xmm1, %xmm2
blcfill %eax, %ecx
bextr $4, %eax, %ecx
llwpcb %rax
tilezero %tmm1
tilerelease
ldtilecfg %gs:(%eax)
{vex} vpdpbusd %ymm0, %ymm1, %ymm2
# 64-bit mode has no such instruction
.byte 0x06; nop
.byte 0x27; nop
.byte 0x37; nop
.byte 0x3f; nop
.byte 0x60; nop
.byte 0x61; nop
.byte 0xce; nop
.byte 0xd6; nop
# Reserved nops, some of which later processors give a meaning
.byte 0x0f, 0x1e, 0xc0
.byte 0x0f, 0x18, 0xe0
.byte 0x0f, 0x19, 0xc0
.byte 0x0f, 0x1a, 0xc0
.byte 0x0f, 0x1b, 0xc0
.byte 0x0f, 0x1c, 0xc0
.byte 0x0f, 0x1d, 0x00
.byte 0x0f, 0x1f, 0xc8
.byte 0x0f, 0x1f, 0x78, 0x00
.byte 0x0f, 0x0d, 0xc0
# reject: a truncated instruction at the end: rule 8 at end, rule 1 at a, rule 1 at b
nop
end: .fill 14, 1, 0xcc
a: .byte 0x48
b: .byte 0xb8
# no tail
# reject: two bytes of an add at the end: rule 8 at end, rule 1 at a, rule 1 at b
end: .fill 14, 1, 0xcc
a: .byte 0x81
b: .byte 0xc0
# no tail
# reject: an incomplete opcode at the end: rule 1, rule 8 at end
end: .fill 15, 1, 0xcc
bad: .byte 0x0f
# no tail
# reject: prefixes alone at the end: rule 1 at a, rule 1 at b, rule 8 at end
end: .fill 14, 1, 0xcc
a: .byte 0x65
b: .byte 0x67
# no tail
# reject: a 16-byte nop: rule 1 at a
a: .fill 15, 1, 0x66
.byte 0x90
# reject: garbage goes on being checked: rule 1 at a, rule 1 at b, rule 4 at c
a: .byte 0x06
b: syscall
c: mov %rsp, %rax
# Encodings that the manuals don't list, found by fuzzing against LLVM
# each: rule 1
.byte 0x48, 0xd3, 0xf0
.byte 0xc0, 0xf3, 0x90
.byte 0xd1, 0xf0
.byte 0xf6, 0xc8, 0x01
.byte 0xf7, 0xc8, 0x01, 0, 0, 0
.byte 0x65, 0x67, 0xf6, 0x08, 0x01
.byte 0x0f, 0x0d, 0x10
.byte 0x0f, 0x0d, 0x18
.byte 0x0f, 0x0d, 0x38
.byte 0xdc, 0xd1
.byte 0xdc, 0xd9
.byte 0xdd, 0xc9
.byte 0xde, 0xd1
.byte 0xdf, 0xc1
.byte 0xdf, 0xc9
.byte 0xdf, 0xd1
.byte 0xdf, 0xd9
.byte 0xd9, 0xd9
.byte 0xdb, 0xe0
.byte 0xdb, 0xe1
.byte 0xdb, 0xe4
