; message: function: error: rule 1: frstor
; message: ldmxcsr and fldcw can be had
section .text
global function
function:
    frstor [rdi]
    ret
