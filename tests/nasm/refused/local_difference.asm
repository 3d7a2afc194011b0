; message: .rodata+0: error: rule 6: a difference to a local place in the text
section .rodata
table: dd place - table
section .text
global function
function:
    ret
place:
    ret
