; message: rule 2: mov eax, [
; message: instructions can't be read as data
section .text
global reads_table
table: dd 0xc3c3c3c3
reads_table:
    mov eax, [rel table]
    ret
