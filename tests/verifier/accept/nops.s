# each: accept
nop
xchg %ax, %ax
nopl (%rax)
nopl 0(%rax)
nopl 0(%rax,%rax)
nopw 0(%rax,%rax)
nopl 512(%rax)
nopl 512(%rax,%rax)
nopw 512(%rax,%rax)
nopw %cs:512(%rax,%rax)
data16 nopw %cs:512(%rax,%rax)
data16 data16 nopw %cs:512(%rax,%rax)
data16 data16 data16 data16 data16 nopw %cs:512(%rax,%rax)
data16 data16 xchg %ax, %ax
nop %eax
nopw %ax
nopl (%r8)
nopq (%r12)
.byte 0x66, 0x66, 0x90
.byte 0x2e, 0x66, 0x0f, 0x1f, 0x00
.nops 9
.nops 100
.p2align 5
