# options: --imports 0x10001000:0x10001040
# accept: the first entry
call *%gs:0x1000 - 8(%eip)
# accept: the last entry
jmp *%gs:0x1038 - 8(%eip)
# accept: prefixes in the other order
.byte 0x67, 0x65, 0xff, 0x25
.long 0x1008 - 8
# accept: PLT entries
jmp *%gs:0x1000 - 8(%eip)
.fill 8, 1, 0xcc
jmp *%gs:0x1008 - 24(%eip)
.fill 8, 1, 0xcc
# options: --base 0x10002000 --imports 0x10001000:0x10001008
# accept: a table below the text
call *%gs:-0x1008(%eip)
# options: --base 0x10000 --imports 0xfffffff0:0xfffffff8
# accept: a displacement that wraps around 32 bits
call *%gs:0xfffefff0 - 8 - 0x100000000(%eip)
