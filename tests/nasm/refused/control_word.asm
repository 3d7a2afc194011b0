; message: function: error: rule 1: ldmxcsr
section .text
global function
function:
    ldmxcsr [rdi]
    ret
