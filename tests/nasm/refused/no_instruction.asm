; message: rule 1: (no instruction): data in a text section can't be read from there
section .text
global function
function:
    ret
    db 0x06, 0x07
