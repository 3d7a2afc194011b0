# accept: direct branches of every kind
1: jmp 2f
2: jne 1b
call 1b
jrcxz 1b
jecxz 1b
loop 1b
loope 1b
loopne 1b
.byte 0x67, 0xe2, 0xfd
{disp32} jmp 1b
{disp32} jo 1b
jmp .
# accept: every condition
1: jo 1b; jno 1b; jb 1b; jae 1b; je 1b; jne 1b; jbe 1b; ja 1b; js 1b; jns 1b; jp 1b; jnp 1b; jl 1b; jge 1b; jle 1b; jg 1b
# accept: a branch to the last int3 but one
jmp last + 14
last:
# accept: a branch to the first byte
nop
call -1 + .
# accept: a branch to the start of a guarded sequence
jmp start
start: movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
call *%rax
# accept: the last call before the end
1: call 1b
# accept: branches over endbr64
jmp 1f
endbr64
1: ret
# accept: endbr64 as a jump's target
jmp 1f
1: endbr64
