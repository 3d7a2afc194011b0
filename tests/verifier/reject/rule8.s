# reject: nothing: rule 8
bad:
# no tail
# reject: no int3: rule 8
nop
bad: .fill 16, 1, 0x90
# no tail
# reject: fifteen: rule 8
bad: nop
.fill 15, 1, 0xcc
# no tail
# reject: fifteen alone: rule 8
bad: .fill 15, 1, 0xcc
# no tail
# reject: another byte at the end: rule 8
nop
bad: .fill 15, 1, 0xcc
nop
# no tail
# reject: ret at the end: rule 8
bad: .fill 15, 1, 0xcc
ret
# no tail
# reject: the first of sixteen belongs to a mov: rule 8
.byte 0xb8, 0, 0, 0
bad: .fill 16, 1, 0xcc
# no tail
# reject: four of sixteen belong to a mov: rule 8
.byte 0xb8
bad: .fill 16, 1, 0xcc
# no tail
# reject: ud2 instead: rule 8
bad: .rept 8
ud2
.endr
# no tail
# reject: a page of nops: rule 8
.fill 4080, 1, 0x90
bad: .fill 16, 1, 0x90
# no tail
