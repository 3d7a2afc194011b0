# each: rule 6
call *%rax
jmp *%rax
call *%r12
jmp *%r13
call *%rbp
jmp *%r11
.byte 0x48, 0xb8; .quad 0xfa1e0ff3
mov $0xfa1e0ff3, %eax
mov $0xfa1e0ff3, %ecx
add $0xfa1e0ff3, %eax
cmpl $0xfa1e0ff3, %gs:(%eax)
movl $0xfa1e0ff3, %gs:4(%eax)
movabs $0xfa1e0ff300, %rax
movabs $0xfa1e0ff3000000, %rax
mov %gs:0xfa1e0ff3(%eax), %ecx
mov %gs:-0x5e1f00d(%eip), %ecx
lea 0xfa1e0ff3(%eax), %ecx
nopl -0x5e1f00d(%rax)
# reject: the mark's first byte ends an immediate: rule 6, rule 1 at next
bad: mov $0xf3000000, %eax
next: .byte 0x0f, 0x1e, 0xfa
# reject: the mark's first two bytes end an immediate: rule 6, rule 1 at next, rule 1 at next2
bad: mov $0x0ff30000, %eax
next: .byte 0x1e
next2: .byte 0xfa
nop
# reject: a displacement's end and an immediate's start: rule 6
bad: movl $0x0000fa1e, %gs:0x0ff30000(%eax)
# reject: an 8-bit displacement and an immediate: rule 6
bad: movl $0x00fa1e0f, %gs:-13(%eax)
# reject: in a nop's displacement: rule 6
bad: .byte 0x0f, 0x1f, 0x80, 0xf3, 0x0f, 0x1e, 0xfa
# reject: in a jump's displacement: rule 5 at bad, rule 6 at bad
bad: .byte 0xe9, 0xf3, 0x0f, 0x1e, 0xfa
# reject: an endbr64 with a prefix that hides it: rule 1 at bad, rule 6 at bad
bad: .byte 0x66, 0xf3, 0x0f, 0x1e, 0xfa
# reject: f3 twice: rule 1 at bad, rule 6 at bad
bad: .byte 0xf3, 0xf3, 0x0f, 0x1e, 0xfa
# reject: twice in one instruction: rule 6 at bad, rule 6 at bad
bad: movl $0xfa1e0ff3, %gs:0xfa1e0ff3(%eax)
# reject: the last instruction ends in three bytes of it: rule 6 at bad, rule 8 at end
end: .fill 11, 1, 0xcc
bad: mov $0xfa1e0ff3, %eax
# no tail
# reject: guarded by nothing but the jump: rule 6
movl %eax, %eax
bad: call *%rax
# reject: no zero-extension: rule 2 at a, rule 6 at b
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: zero-extension of another register: rule 2 at a, rule 6 at b
movl %ecx, %ecx
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a 64-bit move instead: rule 2 at a, rule 6 at b
movq %rax, %rax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a 16-bit move instead: rule 2 at a, rule 6 at b
movw %ax, %ax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: an 8-bit move instead: rule 2 at a, rule 6 at b
movb %al, %al
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a store of the register instead: rule 2 at a, rule 6 at b
movl %eax, %gs:(%ecx)
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: cmov doesn't count: rule 2 at a, rule 6 at b
cmovel %ecx, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: an instruction in between: rule 2 at a, rule 6 at b
movl %eax, %eax
nop
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: an instruction after the read: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
nop
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: an instruction before the call that moves the target: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
movq %gs:(%ecx), %rax
b: call *%rax
# reject: another constant: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00c, %r11d
jne trap
b: call *%rax
# reject: sub instead of add: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
subl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a 64-bit add: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addq $0x05e1f00d, %r11
jne trap
b: call *%rax
# reject: add to another register: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r10d
jne trap
b: call *%rax
# reject: add to a low register where the high was read: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %ebx
jne trap
b: call *%rax
# reject: je instead of jne: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
je trap
b: call *%rax
# reject: no jump: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
b: call *%rax
# reject: call of another register: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rcx
# reject: call of the high register of that number: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%r8
# reject: the read goes to the target's register: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax), %eax
addl $0x05e1f00d, %eax
jne trap
b: call *%rax
# reject: a 64-bit read: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movq (%rax), %r11
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a 16-bit read: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movw (%rax), %r11w
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a read elsewhere: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl 4(%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a read with an index: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%rax,%rcx), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a read of the slot: rule 6 at b
movl %eax, %eax
movl %gs:(%eax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a read with a 32-bit address: rule 2 at a, rule 6 at b
movl %eax, %eax
a: movl (%eax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a read through fs: rule 3 at a, rule 6 at b
movl %eax, %eax
a: movl %fs:(%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: r12's read without its SIB is r12 plus nothing else: rule 2 at a, rule 6 at b
movl %r12d, %r12d
a: movl (%r12,%rax), %ecx
addl $0x05e1f00d, %ecx
jne trap
b: call *%r12
# reject: the scratch register is rsp: rule 2 at a, rule 4 at a, rule 4 at c, rule 6 at b
movl %eax, %eax
a: movl (%rax), %esp
c: addl $0x05e1f00d, %esp
jne trap
b: call *%rax
# reject: the target register is rsp: rule 4 at z, rule 2 at a, rule 4 at a, rule 4 at b, rule 6 at b
z: movl %esp, %esp
a: movl (%rsp), %eax
addl $0x05e1f00d, %eax
jne trap
b: call *%rsp
# reject: a prefix on the call: rule 2 at a, rule 1 at b, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: notrack call *%rax
# reject: a REX.W on the call: rule 2 at a, rule 1 at b, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: .byte 0x48, 0xff, 0xd0
# reject: a prefix on the jne: rule 2 at a, rule 1 at c, rule 6 at b
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
c: .byte 0x3e; jne trap
b: call *%rax
# reject: the jne leads to no trap: rule 6
movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
bad: jne 1f
call *%rax
1: ret
# reject: the jne leads to the call: rule 6, rule 5 at bad
movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
bad: jne 1f
1: call *%rax
# reject: the jne leads to an int3 inside an instruction: rule 5
movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
bad: jne 1f + 1
call *%rax
1: mov $0xcccccccc, %eax
# reject: a far jne leads to no trap: rule 6
1: movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
bad: {disp32} jne 1b
call *%rax
# reject: form B without its second half: rule 2 at a, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
b: jmp *%rax
# reject: form B without the nop before the mark: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff300, -1(%rax)
jne trap
c: cmpb $0xfa, 3(%rax)
jne trap
b: jmp *%rax
# reject: form B, one byte off: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, (%rax)
jne trap
c: cmpb $0xfa, 4(%rax)
jne trap
b: jmp *%rax
# reject: form B, the last byte elsewhere: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfa, 2(%rax)
jne trap
b: jmp *%rax
# reject: form B, another last byte: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfb, 3(%rax)
jne trap
b: jmp *%rax
# reject: form B, the first jne missing: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
c: cmpb $0xfa, 3(%rax)
jne trap
b: jmp *%rax
# reject: form B, the second jne missing: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfa, 3(%rax)
b: jmp *%rax
# reject: form B, another register compared: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfa, 3(%rcx)
jne trap
b: jmp *%rax
# reject: form B, an add that writes code: rule 2 at a, rule 2 at c, rule 6 at b
movl %eax, %eax
a: addl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfa, 3(%rax)
jne trap
b: jmp *%rax
# reject: form B, a jne that leads to no trap: rule 6
movl %eax, %eax
cmpl $0x1e0ff390, -1(%rax)
jne trap
cmpb $0xfa, 3(%rax)
bad: jne 1f
jmp *%rax
1: ret
# reject: form B without zero-extension: rule 2 at a, rule 2 at c, rule 6 at b
a: cmpl $0x1e0ff390, -1(%rax)
jne trap
c: cmpb $0xfa, 3(%rax)
jne trap
b: jmp *%rax
# reject: a sequence cut off by the end of the text: rule 2 at a, rule 8 at end, rule 5 at b
.fill 16, 1, 0xcc
end: nop; nop
movl %eax, %eax
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
b: jne . + 2
# no tail
# reject: a guard serves one branch only: rule 6
movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
call *%rax
bad: call *%rax
# reject: the zero-extension is a jump's width away: rule 2 at a, rule 6 at b
movl %eax, %eax
jmp a
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: bytes that could not be decoded don't count as zero-extension: rule 1 at z, rule 2 at a, rule 6 at b
movl %eax, %eax
z: .byte 0x06
a: movl (%rax), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: call *%rax
# reject: a 64-bit addition doesn't clear the upper half: rule 2 at a, rule 6 at b
addq %rdx, %rcx
a: movl (%rcx), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: jmp *%rcx
trap: int3
# reject: a 16-bit addition doesn't clear the upper half: rule 2 at a, rule 6 at b
addw %dx, %cx
a: movl (%rcx), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: jmp *%rcx
trap: int3
# reject: the addition's source is the target: rule 2 at a, rule 6 at b
addl %ecx, %edx
a: movl (%rcx), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: jmp *%rcx
trap: int3
# reject: an addition to memory: rule 2 at a, rule 6 at b
addl %ecx, %gs:(%ecx)
a: movl (%rcx), %r11d
addl $0x05e1f00d, %r11d
jne trap
b: jmp *%rcx
trap: int3
