# Jump tables stand at 0x10001000.
# options: --jumps 0x10001000:@one,@two,@one,@two
# reject: no bound: rule 7
nop
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: one entry too many: rule 7
cmpl $4, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: two thousand million entries: rule 7
cmpl $0x7fffffff, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a negative bound: rule 7
cmpl $-1, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a negative bound of 64 bits: rule 7
cmpq $-1, %rax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a bound that is negative as a byte: rule 7
.byte 0x83, 0xf8, 0x80
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: another register is bounded: rule 7
cmpl $3, %edx
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: another register is bounded, with the extension bit: rule 7
cmpl $3, %r8d
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: 16 bits are bounded: rule 7
cmpw $3, %ax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: 8 bits are bounded: rule 7
cmpb $3, %al
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a bound from a register: rule 7
cmpl %edx, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: memory is bounded: rule 7
cmpl $3, %gs:(%eax)
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a test: rule 7
testl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a subtraction: rule 7
subl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: REX.B on the short form: rule 7
.byte 0x41, 0x3d; .long 3
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: REX.R on the comparison: rule 7
.byte 0x44, 0x83, 0xf8, 3
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: REX.X on the comparison: rule 7
.byte 0x42, 0x83, 0xf8, 3
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a mask in place of a bound: rule 7
andl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jae in place of ja: rule 7
cmpl $3, %eax
jae trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jg in place of ja: rule 7
cmpl $3, %eax
jg trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jb in place of ja: rule 7
cmpl $3, %eax
jb trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jbe in place of ja: rule 7
cmpl $3, %eax
jbe trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: je in place of ja: rule 7
cmpl $3, %eax
je trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jne in place of ja: rule 7
cmpl $3, %eax
jne trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: jmp in place of ja: rule 7
cmpl $3, %eax
jmp trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: no branch: rule 7
cmpl $3, %eax
nop
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table before the tables: rule 7
cmpl $3, %eax
ja trap
table 0xff8, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table whose last entry is outside: rule 7
cmpl $3, %eax
ja trap
table 0x1008, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table behind the tables: rule 7
cmpl $3, %eax
ja trap
table 0x1020, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table between entries: rule 7
cmpl $3, %eax
ja trap
table 0x1004, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table at an odd address: rule 7
cmpl $3, %eax
ja trap
table 0x1001, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a table far below: rule 7
cmpl $3, %eax
ja trap
leal -0x7fffffff(%rip), %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address of 64 bits: rule 7
cmpl $3, %eax
ja trap
.byte 0x48; table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address of 16 bits: rule 7
cmpl $3, %eax
ja trap
.byte 0x66; table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address with a prefix: rule 7
cmpl $3, %eax
ja trap
.byte 0x67; table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: another base: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %edx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: another base, with the extension bit: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %r9d
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address from a register: rule 7
cmpl $3, %eax
ja trap
leal 0x1000(%rcx), %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address as a constant: rule 7
cmpl $3, %eax
ja trap
movl $0x10001000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address without rip: rule 7
cmpl $3, %eax
ja trap
leal 0x10001000(,%riz,1), %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a load in place of lea: rule 7
cmpl $3, %eax
ja trap
movl %gs:0x1000(%eip), %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: no address: rule 7
cmpl $3, %eax
ja trap
nop
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: base and index exchanged: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%eax,%ecx,8)
one: ret
two: ret
# reject: a scale of 4: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,4)
one: ret
two: ret
# reject: a scale of 1: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,1)
one: ret
two: ret
# reject: no index: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx)
one: ret
two: ret
# reject: no index, in the long form: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0xff, 0x24, 0xe1
one: ret
two: ret
# reject: no base: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(,%eax,8)
one: ret
two: ret
# reject: a displacement: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:8(%ecx,%eax,8)
one: ret
two: ret
# reject: a displacement of zero: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0xff, 0x64, 0xc1, 0x00
one: ret
two: ret
# reject: a call: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: call *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: addresses of 64 bits: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%rcx,%rax,8)
one: ret
two: ret
# reject: no gs: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *(%ecx,%eax,8)
one: ret
two: ret
# reject: fs: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%fs:(%ecx,%eax,8)
one: ret
two: ret
# reject: neither prefix: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *(%rcx,%rax,8)
one: ret
two: ret
# reject: prefixes in the other order: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x67, 0x65, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: REX.W: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0x48, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: a REX without need: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0x40, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: REX.R: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0x44, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: another index by REX.X: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0x42, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: another base by REX.B: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0x41, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: an operand-size prefix: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x66, 0x65, 0x67, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: a repeat prefix: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0xf2, 0x65, 0x67, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: another segment: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x3e, 0x67, 0xff, 0x24, 0xc1
one: ret
two: ret
# reject: a far jump: rule 1
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0xff, 0x2c, 0xc1
one: ret
two: ret
# reject: one register as base and index: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %eax
bad: jmp *%gs:(%eax,%eax,8)
one: ret
two: ret
# reject: ebp as the base, which means none: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ebp
bad: .byte 0x65, 0x67, 0xff, 0x24, 0xc5; .long 0
one: ret
two: ret
# reject: r13 as the base: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %r13d
bad: jmp *%gs:(%r13d,%eax,8)
one: ret
two: ret
# reject: esp as the index, which means none: rule 4 at other, rule 7
other: cmpl $3, %esp
ja trap
table 0x1000, %ecx
bad: .byte 0x65, 0x67, 0xff, 0x24, 0xe1
one: ret
two: ret
# reject: esp as the base: rule 4 at other, rule 4, rule 7
cmpl $3, %eax
ja trap
other: table 0x1000, %esp
bad: jmp *%gs:(%esp,%eax,8)
one: ret
two: ret
# reject: an instruction behind the comparison: rule 7
cmpl $3, %eax
nop
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an instruction behind the branch: rule 7
cmpl $3, %eax
ja trap
nop
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an instruction behind the address: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
nop
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: branch and address exchanged: rule 7
cmpl $3, %eax
table 0x1000, %ecx
ja trap
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: comparison and branch exchanged: rule 7
ja trap
cmpl $3, %eax
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: the jump alone: rule 7
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: the jump without a comparison, at the start of the text: rule 7
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a branch to the sequence's branch: rule 5
cmpl $3, %eax
1: ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
bad: jmp 1b
one: ret
two: ret
# reject: a call of the sequence's branch: rule 5
cmpl $3, %eax
1: ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
bad: call 1b
one: ret
two: ret
# reject: a branch to the sequence's address: rule 5
cmpl $3, %eax
ja trap
1: table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
bad: jmp 1b
one: ret
two: ret
# reject: a call of the sequence's address: rule 5
cmpl $3, %eax
ja trap
1: table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
bad: call 1b
one: ret
two: ret
# reject: a branch to the sequence's jump: rule 5
cmpl $3, %eax
ja trap
table 0x1000, %ecx
1: jmp *%gs:(%ecx,%eax,8)
bad: jmp 1b
one: ret
two: ret
# reject: a call of the sequence's jump: rule 5
cmpl $3, %eax
ja trap
table 0x1000, %ecx
1: jmp *%gs:(%ecx,%eax,8)
bad: call 1b
one: ret
two: ret
# reject: the sequence's branch to its address: rule 5
cmpl $3, %eax
bad: ja 1f
1: table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a branch into the comparison: rule 5
1: cmpl $3, %eax
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
bad: jmp 1b + 1
one: ret
two: ret
# reject: a branch into the jump: rule 5
cmpl $3, %eax
ja trap
table 0x1000, %ecx
1: jmp *%gs:(%ecx,%eax,8)
bad: jmp 1b + 2
one: ret
two: ret
# reject: the sequence's branch out of the text: rule 5
cmpl $3, %eax
bad: ja . + 0x1000
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an entry that leads to a sequence's branch: rule 7, rule 7
cmpl $3, %eax
bad:
one: ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
two: ret
# reject: an entry that leads to a sequence's address: rule 7, rule 7
cmpl $3, %eax
ja trap
bad:
one: table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
two: ret
# reject: an entry that leads to a sequence's jump: rule 7, rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad:
one: jmp *%gs:(%ecx,%eax,8)
two: ret
# reject: an entry that leads into an instruction: rule 7, rule 7
.byte 0xb8
bad:
one: .byte 0xc3, 0xc3, 0xc3, 0xc3
two: ret
# reject: an entry that leads into a guarded sequence of rule 6: rule 7, rule 7
movl %eax,%eax
bad:
one: movl (%rax),%r11d
addl $0x05e1f00d,%r11d
jne trap
jmp *%rax
two: ret
# reject: an entry that leads to the end of a guarded sequence of rule 6: rule 7, rule 7
movl %eax,%eax
movl (%rax),%r11d
addl $0x05e1f00d,%r11d
jne trap
bad:
one: jmp *%rax
two: ret
# reject: a comparison of eax for an index of r8d, by an ignored REX.B: rule 7
.byte 0x41, 0x3d; .long 3
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%r8d,8)
one: ret
two: ret
# reject: a negative bound for a table that isn't the first: rule 7
cmpl $-1, %eax
ja trap
table 0x1008, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: a negative bound of 64 bits for a table that isn't the first: rule 7
cmpq $-2, %rax
ja trap
table 0x1018, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# reject: an address of 64 bits, taken for one of r9d: rule 7
cmpl $3, %eax
ja trap
.byte 0x48; table 0x1000, %ecx
bad: jmp *%gs:(%r9d,%eax,8)
one: ret
two: ret
# options: --jumps 0x10001000:0
# reject: an entry that is zero: rule 7 at tables
ret
# options: --jumps 0x10001000:0xfffffff
# reject: an entry below the text: rule 7 at tables
ret
# options: --jumps 0x10001000:0xffffffff
# reject: an entry far above the text: rule 7 at tables
ret
# options: --jumps 0x10001000:@tables
# reject: an entry behind the text: rule 7 at tables
ret
# options: --jumps 0x10001000:@last
# reject: an entry to the last byte: rule 7 at tables
ret
.fill 16, 1, 0xcc
last: int3
# no tail
# options:
# reject: no tables: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
# options: --imports 0x10001000:0x10001020
# reject: a table jump through the import table: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
# options: --imports 0x10001010:0x10001020 --jumps 0x10001000:@one,@one
# reject: a table that goes on in the import table: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
# options: --imports 0x10001000:0x10001008 --jumps 0x10001008:@one
# reject: an import through the jump tables: rule 7
bad: jmp *%gs:0x1008 - 8(%eip)
one: ret
# options: --jumps 0x10001004:@one,@two,@one,@two,@one
# reject: misaligned tables have misaligned entries: rule 7
cmpl $3, %eax
ja trap
table 0x1000, %ecx
bad: jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# options: --jumps 0x10001004:@one,@two,@one,@two
# accept: misaligned tables with entries of their own
cmpl $3, %eax
ja trap
table 0x1004, %ecx
jmp *%gs:(%ecx,%eax,8)

one: ret
two: ret
