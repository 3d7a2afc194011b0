/* Guest code for the tests, written by hand in the verified form: one text range, position-independent. */
#include "orc/abi.h"
#include "orc/hostcall.h"
#include "programs.h"

    .macro entry name
    .p2align 4, 0x90
    .globl program_\name
program_\name:
    endbr64
    .endm

/* Guard form A of rule 6, through rax and r11. */
    .macro guarded how
    movl %eax, %eax
    movl (%rax), %r11d
    addl $0x05e1f00d, %r11d
    jne .Ltrap
    \how *%rax
    .endm

    .macro hostcall number
    mov $\number, %edi
    mov $ORC_GATES, %eax
    guarded call
    .endm

    .set imports, program_text - PROGRAM_TEXT + PROGRAM_IMPORTS
    .set data, program_text - PROGRAM_TEXT + PROGRAM_DATA

    .section .rodata
    .p2align 6
    .globl program_text, program_text_end
program_text:
    entry increment             /* (n): n + 1 */
    lea 1(%rdi), %rax
    ret

    entry registers             /* (): all registers that aren't an argument, ored together */
    or %rbx, %rax
    or %r10, %rax
    or %r11, %rax
    or %r12, %rax
    or %r13, %rax
    or %r14, %rax
    or %r15, %rax
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq %xmm\n, %r10
    or %r10, %rax
    .endr
    .irp n,0,1,2,3,4,5,6,7
    movq %mm\n, %r10
    or %r10, %rax
    .endr
    emms
    ret

    entry dirty                 /* (): leaves as much as it can behind */
    mov $-1, %rbx
    mov %rbx, %r12
    mov %rbx, %r13
    mov %rbx, %r14
    mov %rbx, %r15
    mov %rbx, %rbp
    .irp n,0,1,2,3,4,5,6,7,8
    fld1
    .endr
    xor %eax, %eax
    ret

    entry set_modes             /* (mxcsr, control, status, tags): gate 1 */
    mov $ORC_FLOAT_GATE, %eax
    guarded jmp

/* rax: mxcsr | control << 16 | status << 32 */
    .macro get_modes
    stmxcsr %gs:data(%eip)
    fnstcw %gs:data + 4(%eip)
    fnstsw %ax
    movzwl %ax, %eax
    shl $32, %rax
    movzwl %gs:data + 4(%eip), %ecx
    shl $16, %ecx
    or %rcx, %rax
    mov %gs:data(%eip), %ecx
    or %rcx, %rax
    .endm

    entry modes                 /* () */
    get_modes
    ret

    .macro set_from_rbx         /* mxcsr | control << 16 | status << 32, and all tags as they are */
    movzwl %bx, %edi
    mov %ebx, %esi
    shr $16, %esi
    mov %rbx, %rdx
    shr $32, %rdx
    mov $-1, %ecx
    mov $ORC_FLOAT_GATE, %eax
    guarded call
    .endm

    entry modes_across          /* (modes, hostcall number, two arguments, operations): the modes after the hostcall */
    mov %rdi, %rbx
    mov %rsi, %r12
    mov %rdx, %r13
    mov %rcx, %r14
    .irp n,0,1,2,3,4,5,6,7      /* a full stack */
    fld1
    .endr
    set_from_rbx
    mov %r12, %rdi
    mov %r13, %rsi
    mov %r14, %rdx
    mov $ORC_GATES, %eax
    guarded call
    .irp n,0,1,2,3,4,5,6        /* it is as it was */
    faddp
    .endr
    fistpl %gs:data(%eip)
    cmpl $8, %gs:data(%eip)
    mov $-1, %eax
    jne 1f
    get_modes
1:  ret

    entry null_hostcalls_of     /* (count, modes): hostcalls that fail at once, of a thread with modes of its own */
    mov %rdi, %r12
    mov %rsi, %rbx
    set_from_rbx
1:  hostcall 999
    sub $1, %r12
    jne 1b
    ret

    entry set_often             /* (count, modes, other modes): sets them in turn */
    mov %rdi, %r12
    mov %rsi, %rbx
    mov %rdx, %r13
1:  set_from_rbx
    xchg %rbx, %r13
    sub $1, %r12
    jne 1b
    ret

    entry vectors_across        /* (): ored, what gate 1 changed of the vector registers */
    mov $0x5a5a5a5a, %eax
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq %rax, %xmm\n
    .endr
    mov $0x037f5f80, %ebx
    set_from_rbx
    mov $0x5a5a5a5a, %r10d
    xor %eax, %eax
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movq %xmm\n, %rcx
    xor %r10, %rcx
    or %rcx, %rax
    .endr
    ret

    entry modes_forever         /* (modes): sets them again and again, and makes hostcalls */
    mov %rdi, %rbx
1:  set_from_rbx
    hostcall 999
    set_from_rbx
    jmp 1b

    entry divide_unmasked       /* (modes) */
    mov %rdi, %rbx
    set_from_rbx
    mov $1, %eax
    cvtsi2sd %eax, %xmm0
    pxor %xmm1, %xmm1
    divsd %xmm1, %xmm0
    mov $1, %eax
    ret

    entry pending               /* (modes, whether to wait): an x87 exception is pending while a hostcall runs */
    mov %rdi, %rbx
    mov %rsi, %r12
    set_from_rbx
    fldz
    fld1
    fdivp                       /* 0 / 0, or 1 / 0: invalid or a division by zero */
    hostcall ORC_CLOCK
    hostcall 999
    test %r12, %r12
    je 1f
    fwait
1:  fnstsw %ax
    movzwl %ax, %eax
    and $0x85, %eax
    ret

    entry load                  /* (address): 8 bytes from there */
    mov %gs:(%edi), %rax
    ret

    entry store                 /* (address, value) */
    mov %rsi, %gs:(%edi)
    ret

    entry load_aligned          /* (address): faults unless 16-byte aligned */
    movaps %gs:(%edi), %xmm0
    movq %xmm0, %rax
    ret

    entry load_thread           /* (): the thread pointer */
    mov %fs:ORC_THREAD_POINTER, %rax
    ret

    entry invalid
    ud2

    entry breakpoint
    int3

    entry divide                /* (n): 1 / n */
    mov $1, %eax
    xor %edx, %edx
    div %rdi
    ret

    entry recurse
    call program_recurse
    ret

    entry recurse_hostcall      /* every level calls a gate first: one of them finds too little stack */
    hostcall ORC_CLOCK
    call program_recurse_hostcall
    ret

    entry loop
1:  jmp 1b

    entry loop_hostcall
1:  hostcall ORC_CLOCK
    jmp 1b

    entry jump                  /* (address) */
    mov %edi, %eax
    guarded jmp

    entry hostcall              /* (number, five arguments) */
    mov $ORC_GATES, %eax
    guarded jmp

    entry null_hostcalls        /* (count): hostcalls that fail at once */
    mov %rdi, %rbx
1:  hostcall 999
    sub $1, %rbx
    jne 1b
    ret

    entry import                /* through entry 0 of the import table */
    jmp *%gs:imports(%eip)

    entry count                 /* (): counts its calls in a variable of the object */
    mov $1, %eax
    lock xaddq %rax, %gs:data(%eip)
    add $1, %rax
    ret

    entry across_hostcall       /* (): 0 when a hostcall kept and cleared the registers that it should */
    mov $1, %ebx
    mov $2, %r12d
    mov $3, %r13d
    mov $4, %r14d
    mov $5, %r15d
    mov $6, %ebp
    movq %rbp, %xmm7
    mov %rbp, %r10
    hostcall 999
    or %rcx, %rdx
    or %rsi, %rdx
    or %rdi, %rdx
    or %r8, %rdx
    or %r9, %rdx
    or %r10, %rdx
    or %r11, %rdx
    movq %xmm7, %rcx
    or %rcx, %rdx
    add $38, %rax               /* -ENOSYS */
    or %rdx, %rax
    sub $1, %rbx
    or %rbx, %rax
    sub $2, %r12
    or %r12, %rax
    sub $3, %r13
    or %r13, %rax
    sub $4, %r14
    or %r14, %rax
    sub $5, %r15
    or %r15, %rax
    sub $6, %rbp
    or %rbp, %rax
    ret

/* setjmp and longjmp, with the jump buffer in rbx: 0 the first time, the number of calls unwound the second. */
    entry unwind                /* (depth): goes that many calls deep and unwinds all of them at once */
    mov %rdi, %r12
    call mark
    endbr64
    test %rax, %rax
    jne 1f
    mov %r12, %rdi
    call descend
    ud2
1:  ret
mark:
    hostcall ORC_MARK
    mov %rax, %rbx
    xor %eax, %eax
    ret
descend:
    sub $1, %rdi
    je 1f
    call descend
    ud2
1:  mov %rbx, %rsi
    shr $32, %rsi
    hostcall ORC_UNWIND
    test %rax, %rax
    jne .Ltrap
    mov %ebx, %eax
    guarded jmp

/* Started compartments: a script is a list of hostcalls, 64 bytes each: number, five arguments, room for the result, and
 * the result that it's repeated for (0: it's made once). */
    entry script                /* (address): runs it up to number -1, and returns 0 */
    mov %rdi, %rbx
1:  mov %gs:(%ebx), %rdi
    cmp $-1, %rdi
    je 2f
    mov %gs:8(%ebx), %rsi
    mov %gs:16(%ebx), %rdx
    mov %gs:24(%ebx), %rcx
    mov %gs:32(%ebx), %r8
    mov %gs:40(%ebx), %r9
    mov $ORC_GATES, %eax
    guarded call
    mov %rax, %gs:48(%ebx)
    mov %gs:56(%ebx), %rcx
    cmp $0, %rcx
    je 3f
    cmp %rcx, %rax
    jne 1b
3:  add $64, %rbx
    jmp 1b
2:  xor %eax, %eax
    ret

    entry repeat_script         /* (address): the same for ever */
    mov %rdi, %r15
1:  mov %r15, %rdi
    call program_script
    jmp 1b

    entry signal_entry          /* counts, spoils every register, goes back */
    mov $PROGRAM_SIGNALS, %ebx
    lock addq $1, %gs:(%ebx)
    .irp n,0,1,2,3,4,5,6,7
    pcmpeqd %xmm\n, %xmm\n
    .endr
    fld1
    mov $-1, %rbx
    mov %rbx, %r12
    mov %rbx, %r13
    mov %rbx, %r14
    mov %rbx, %r15
    mov %rbx, %rsi
    mov $0, %esi
    hostcall ORC_SIGNAL_RETURN
    ud2

    entry bad_signal_entry      /* returns, which nobody may */
    ret

    entry keep_registers        /* (n): until n signals have come; -1 unless all registers stayed as they were */
    mov $11, %ebx
    mov $12, %r12d
    mov $13, %r13d
    mov $14, %r14d
    mov $15, %r15d
    mov $16, %esi
    mov $17, %r8d
    mov $18, %r9d
    mov $PROGRAM_SIGNALS, %edx
    movq %rbx, %xmm3
    vinsertf128 $1, %xmm3, %ymm3, %ymm5
    fld1
    fldpi
    stc
1:  jnc 3f                      /* the carry flag stays set, too: lea, mov and the test below leave it alone */
    mov %gs:(%edx), %rax
    not %rax
    lea 1(%rax,%rdi), %rcx      /* n - signals */
    inc %rcx
    dec %rcx
    jg 1b
    jnc 3f
    lea (%rbx,%r12), %rax
    add %r13, %rax
    add %r14, %rax
    add %r15, %rax
    add %rsi, %rax
    add %r8, %rax
    add %r9, %rax
    cmp $11+12+13+14+15+16+17+18, %rax
    jne 3f
    movq %xmm3, %rcx
    cmp %rbx, %rcx
    jne 3f
    vextractf128 $1, %ymm5, %xmm6
    movq %xmm6, %rcx
    cmp %rbx, %rcx
    jne 3f
    fld1
    fcompp                      /* 1 and pi */
    fld1
    fcomip %st(1), %st
    fstp %st(0)
    jne 3f
    vzeroall
    xor %eax, %eax
    ret
3:  mov $-1, %rax
    ret

.Ltrap:
    int3
    .fill 32, 1, 0xcc
program_text_end:

    .section .note.GNU-stack, "", @progbits
