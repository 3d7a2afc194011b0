; Floating-point modes, set by the instructions.
default rel
section .text align=16

global product_flushed
product_flushed:                    ; (float a, float b, unsigned *old): the product, with denormals as zeros
    stmxcsr [rdi]
    mov eax, [rdi]
    or eax, 0x8040
    push rax
    ldmxcsr [rsp]
    mulss xmm0, xmm1
    ldmxcsr [rdi]
    pop rax
    ret

global rounded
rounded:                        ; (const double *value, int control): the integer, as that control word rounds
    mov [rsp - 8], si
    fnstcw [rsp - 6]
    fld qword [rdi]
    fldcw [rsp - 8]
    fistp qword [rsp - 16]
    fldcw [rsp - 6]
    mov rax, [rsp - 16]
    ret

global environment
environment:                    ; (void *at): keeps it, changes it, puts it back
    fnstenv [rdi]
    fldz
    fld1
    fdivrp
    fldenv [rdi]
    fnstsw ax
    movzx eax, ax
    ret
