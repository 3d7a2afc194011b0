; message: rule 5: jmp
; message: of the text, where no instruction begins
section .text
global function
function:
    jmp function + 6
    mov eax, 0x90909090
    ret
