/* Every crossing between host and guest code.
 *
 * Guest code runs with rsp in its control stack and the GS base at its slot, which the host leaves alone. The FS base
 * stays the host's (segment_base.h). A signal may arrive between any two instructions (fault.c says what happens
 * then). */
#include "layout.h"

/* A field of the thread, where r11 is the last byte of its region. */
#define FIELD(offset) ((offset) - THREAD_SIZE + 1)(%r11)

    .macro global name
    .globl \name
    .hidden \name
\name:
    .endm

    .macro function name
    .p2align 6
    .type \name, @function
    global \name
    endbr64
    .endm

/* Zeroes every vector register that code without AVX-512 can name, whole. */
    .macro clear_vectors flag
    cmpl $0, \flag
    je 1f
    vzeroall
    jmp 2f
1:
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    pxor %xmm\n, %xmm\n
    .endr
2:
    .endm

/* The callee-saved registers, as struct gate_frame has them. */
    .macro keep
    .irp register,rbp,rbx,r12,r13,r14,r15
    push %\register
    .endr
    .endm
    .macro give_back
    .irp register,r15,r14,r13,r12,rbx,rbp
    pop %\register
    .endr
    .endm

    .section .text.crossing, "ax", @progbits

/* void orc_enter(struct orc_thread *thread): runs the guest until it returns, exits, faults or is stopped. */
    function orc_enter
    keep
    stmxcsr THREAD_MXCSR(%rdi)
    fnstcw THREAD_X87_CONTROL(%rdi)
    mov %rsp, THREAD_HOST_STACK(%rdi)
    mov %rdi, %rsp              /* the thread stands at the top of its control stack */

    fninit                      /* the data registers survive that: what the host had there is none of the guest's business */
    .irp n,0,1,2,3,4,5,6,7
    pxor %mm\n, %mm\n
    .endr
    emms
    clear_vectors THREAD_AVX(%rsp)

    global orc_enter_window     /* from here on a stop ends the activation at once */
    cmpq $0, THREAD_LEAVE(%rsp)
    jne orc_leave
    cmpq $0, THREAD_ENTRY(%rsp)
    jne .Lcall
    mov %rsp, %rbx              /* a clone's thread goes on where its zygote's is parked: at a gate's exit */
    mov THREAD_VALUE(%rbx), %r8
    mov THREAD_GATE_FRAME(%rbx), %rsp
    jmp orc_exit_window
.Lcall:
    mov THREAD_REGISTERS+0x08(%rsp), %rcx
    mov THREAD_REGISTERS+0x10(%rsp), %rdx
    mov THREAD_REGISTERS+0x18(%rsp), %rbx
    mov THREAD_REGISTERS+0x28(%rsp), %rbp
    mov THREAD_REGISTERS+0x30(%rsp), %rsi
    mov THREAD_REGISTERS+0x38(%rsp), %rdi
    .irp n,8,9,10,11,12,13,14,15
    mov THREAD_REGISTERS+8*\n(%rsp), %r\n
    .endr
    xor %eax, %eax              /* flags: nothing of the host's */
    mov THREAD_REGISTERS+0x00(%rsp), %rax
    call *THREAD_ENTRY(%rsp)
    global orc_enter_window_end

    /* The guest's last ret leaves rsp at the thread again: it can pop no more than it pushed. */
    mov %rax, THREAD_VALUE(%rsp)
    movl $OUTCOME_RETURNED, THREAD_OUTCOME(%rsp)
    /* fall through */

/* Ends an activation. Only rsp is known: it is the thread. Signal handlers resume here. */
    global orc_leave
    clear_vectors THREAD_AVX(%rsp)
    fninit
    fldcw THREAD_X87_CONTROL(%rsp)
    ldmxcsr THREAD_MXCSR(%rsp)
    cld
    mov THREAD_HOST_STACK(%rsp), %rsp
    give_back
    ret

/* What a gate in the gate page is made of: position-independent, and it tells nothing about the host's addresses. */
    .p2align 6
    global orc_gate_code
    endbr64
    mov %rsp, %r11
    or $(THREAD_REGION - 1), %r11
    jmp *FIELD(THREAD_GATE)
    global orc_gate_code_end

/* Gate 0, called by the guest: the return address lies on the control stack, r11 is the region's last byte. */
    function orc_gate
    cmp FIELD(THREAD_GATE_LIMIT), %rsp
    jb .Lexhausted
    cld
    keep
    mov %rsp, FIELD(THREAD_GATE_FRAME)
    .irp register,r9,r8,rcx,rdx,rsi,rdi
    push %\register
    .endr
    mov %rsp, %r12              /* the six arguments */
    lea FIELD(0), %rbx          /* the thread */
    mov %rbx, %rdi
    mov %r12, %rsi
    and $-16, %rsp
    xor %ebp, %ebp              /* the host's backtraces end here, and don't follow a guest's value */
    call orc_hostcall

    mov THREAD_GATE_FRAME(%rbx), %rsp
    mov %rax, %r8
    global orc_exit_window      /* as the enter window */
    cmpq $0, THREAD_LEAVE(%rbx)
    jne .Lleave
    clear_vectors THREAD_AVX(%rbx)
    give_back
    mov %r8, %rax
    .irp register,ecx,edx,esi,edi,r8d,r9d,r10d,r11d
    xor %\register, %\register
    .endr
    ret
    global orc_exit_window_end

.Lleave:
    mov %rbx, %rsp
    jmp orc_leave

.Lexhausted:
    mov (%rsp), %rax            /* who called */
    lea FIELD(0), %rsp
    mov %rax, THREAD_VALUE(%rsp)
    movl $OUTCOME_EXHAUSTED, THREAD_OUTCOME(%rsp)
    jmp orc_leave

/* int orc_guest_copy(void *to, const void *from, size_t size): 0, or -EFAULT when one side lies in the slot and faults:
 * the handler resumes at orc_guest_copy_fault. */
    function orc_guest_copy
    mov %rdx, %rcx
    global orc_guest_copy_access
    rep movsb
    xor %eax, %eax
    ret
    global orc_guest_copy_fault
    mov $-14, %eax
    ret

    .section .note.GNU-stack, "", @progbits
