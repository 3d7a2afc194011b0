# reject: into the next instruction: rule 5
bad: jmp 1f + 1
1: mov $0, %eax
# reject: into itself: rule 5
bad: jmp . + 1
# reject: into an earlier instruction: rule 5
1: mov $0, %eax
bad: jmp 1b + 2
# reject: a call into an instruction: rule 5
bad: call 1f + 4
1: mov $0, %eax
# reject: jcc, near and far: rule 5 at a, rule 5 at b
1: mov $0, %eax
a: jne 1b + 1
b: {disp32} jne 1b + 1
# reject: loop, jrcxz, jecxz: rule 5 at a, rule 5 at b, rule 5 at c
1: mov $0, %eax
a: loop 1b + 1
b: jrcxz 1b + 1
c: jecxz 1b + 1
# reject: one byte before the text: rule 5
bad: jmp . - 1
# reject: far before the text: rule 5
nop
bad: call . - 0x1000
# reject: to the end of the text: rule 5
bad: jmp end
.fill 16, 1, 0xcc
end:
# no tail
# reject: to the last byte: rule 5 at a, rule 5 at b
a: jmp last
b: jne last
.fill 16, 1, 0xcc
last: int3
# no tail
# reject: beyond the end of the text: rule 5
bad: jmp end + 1
.fill 16, 1, 0xcc
end:
# no tail
# reject: the farthest forward: rule 5
bad: .byte 0xe9, 0xff, 0xff, 0xff, 0x7f
# reject: the farthest backward: rule 5
bad: .byte 0xe8, 0, 0, 0, 0x80
# reject: short ones out of range: rule 5 at a, rule 5 at b
a: .byte 0xeb, 0x7f
b: .byte 0x75, 0x80
# reject: into a prefix's instruction, past the gs: rule 5
1: mov %gs:(%eax), %eax
bad: jmp 1b + 1
# reject: past a lock: rule 5
1: lock incl %gs:(%eax)
bad: jmp 1b + 1
# reject: into the middle of endbr64: rule 5
1: endbr64
bad: jmp 1b + 1
# reject: form A, each interior instruction: rule 5 at a, rule 5 at b, rule 5 at c, rule 5 at d, rule 5 at e
a: jmp 1f
b: call 2f
c: jne 3f
d: jmp 4f
e: jmp 4f + 1
movl %eax, %eax
1: movl (%rax), %r11d
2: addl $0x05e1f00d, %r11d
3: jne trap
4: call *%rax
# reject: form B, each interior instruction: rule 5 at a, rule 5 at b, rule 5 at c, rule 5 at d, rule 5 at e
movl %eax, %eax
1: cmpl $0x1e0ff390, -1(%rax)
2: jne trap
3: cmpb $0xfa, 3(%rax)
4: jne trap
5: jmp *%rax
a: jmp 1b
b: call 2b
c: jne 3b
d: jmp 4b
e: jmp 5b
# reject: form A ended by jmp: rule 5
movl %r12d, %r12d
movl (%r12), %eax
addl $0x05e1f00d, %eax
jne trap
1: jmp *%r12
bad: jne 1b
# reject: to an indirect branch that isn't guarded, its own rejection too: rule 5 at a, rule 6 at b
a: jmp b + 1
b: jmp *%rax
# reject: the jne of a guard out of the text: rule 5
movl %eax, %eax
movl (%rax), %r11d
addl $0x05e1f00d, %r11d
bad: jne . + 0x1000
call *%rax
