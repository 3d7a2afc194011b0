; message: function+0: error: rule 1: vpaddd zmm0, zmm1, zmm2: not on the allow-list (--orc-omit=avx512
section .text
global function
function:
    vpaddd zmm0, zmm1, zmm2
    ret
