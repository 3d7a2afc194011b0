# Jump tables stand at 0x10001000: four entries, unless a case says otherwise.
# options: --jumps 0x10001000:@one,@two,@one,@two
# accept: a table jump
cmpl $3, %eax
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: the branch leads to any code
cmpl $3, %eax
ja two
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: a far branch
cmpl $3, %eax
{disp32} ja two
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: an index of 64 bits
cmpq $3, %rdi
ja trap
table 0x1000, %eax
jmp *%gs:(%eax,%edi,8)
one: ret
two: ret
# accept: registers with numbers above 7
cmpl $3, %r9d
ja trap
table 0x1000, %r14d
jmp *%gs:(%r14d,%r9d,8)
one: ret
two: ret
# accept: r12 as the index and as the base
cmpq $3, %r12
ja trap
table 0x1000, %ebx
jmp *%gs:(%ebx,%r12d,8)
one: ret
cmpl $3, %edx
ja trap
table 0x1000, %r12d
jmp *%gs:(%r12d,%edx,8)
two: ret
# accept: the data stack's register as the index
cmpl $3, %ebp
ja trap
table 0x1000, %esi
jmp *%gs:(%esi,%ebp,8)
one: ret
two: ret
# accept: fewer entries than there are
cmpl $1, %eax
ja trap
table 0x1008, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: the last entry alone
cmpl $0, %eax
ja trap
table 0x1018, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: two jumps through one table, and a branch to the first instruction of a sequence
one: cmpl $3, %eax
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
two: cmpl $3, %eax
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
jmp two
# accept: an entry that leads to the first instruction of its own sequence
one: cmpl $3, %eax
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
two: ret
# accept: an immediate of 32 bits
.byte 0x81, 0xf9; .long 3
ja trap
table 0x1000, %eax
jmp *%gs:(%eax,%ecx,8)
one: ret
two: ret
# accept: the short form for eax
.byte 0x3d; .long 3
ja trap
table 0x1000, %ecx
jmp *%gs:(%ecx,%eax,8)
one: ret
two: ret
# accept: tables that no jump uses
one: ret
two: ret
# accept: the parts, each for itself
one: cmpl $3, %eax
ja two
table 0x1000, %ecx
two: ret
