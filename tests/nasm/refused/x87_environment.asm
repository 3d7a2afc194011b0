; message: function+0: error: rule 1: fnstenv
section .text
global function
function:
    fnstenv [rdi]
    ret
