# options: --imports 0x10001000:0x10001040
# each: rule 7
call *(%rax)
jmp *(%rax)
call *8(%rax,%rcx,8)
call *%gs:(%eax)
jmp *%gs:(%eax)
call *%gs:(%eax,%ecx,8)
call *0x1000(%rip)
call *0x1000(%eip)
call *%gs:0x1000 - 7(%rip)
call *%fs:8
jmp *%gs:0x10001000
addr32 jmp *%gs:0x10001000
call *0x10001000
call *%gs:0x0ff8 - 8(%eip)
call *%gs:0x1040 - 8(%eip)
call *%gs:0x1048 - 8(%eip)
call *%gs:0x1001 - 8(%eip)
call *%gs:0x1004 - 8(%eip)
call *%gs:0x103c - 8(%eip)
call *%gs:0x7fffffff(%eip)
call *%gs:-0x80000000(%eip)
call *%gs:0(%eip)
.byte 0x66, 0x65, 0x67, 0xff, 0x15; .long 0x1000 - 9
.byte 0x65, 0x67, 0x48, 0xff, 0x15; .long 0x1000 - 9
.byte 0x65, 0x67, 0x40, 0xff, 0x25; .long 0x1000 - 9
.byte 0xf2, 0x65, 0x67, 0xff, 0x25; .long 0x1000 - 9
.byte 0x64, 0x67, 0xff, 0x25; .long 0x1000 - 8
.byte 0x65, 0xff, 0x25; .long 0x1000 - 7
# options:
# each: rule 7
call *%gs:0x1000 - 8(%eip)
jmp *%gs:0x1000 - 8(%eip)
# options: --imports 0x10001000:0x10001004
# reject: a table smaller than an entry: rule 7
bad: call *%gs:0x1000 - 8(%eip)
# options: --imports 0x10001004:0x10001014
# reject: a misaligned table has aligned entries: rule 7
bad: call *%gs:0x1004 - 8(%eip)
# options: --imports 0x10001000:0x10001040
# reject: jumps over an entry's prefix: rule 5
1: call *%gs:0x1000 - 8(%eip)
bad: jmp 1b + 1
