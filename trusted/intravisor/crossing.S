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

/* Zeroes every vector register that code without AVX-512 can name, whole: the upper parts, then the lower ones. That is
 * a third of what vzeroall takes. */
    .macro clear_vectors flag
    cmpl $0, \flag
    je 1f
    vzeroupper
1:
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    pxor %xmm\n, %xmm\n
    .endr
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

/* Loads the guest's floating-point modes. From here to guest code no instruction may look at a pending x87
 * exception: the guest may have unmasked one. */
    .macro load_modes thread
    ldmxcsr THREAD_GUEST_MXCSR(\thread)
    testb $(FLOAT_X87 | FLOAT_UNMASKED | FLOAT_LOAD), THREAD_MODES(\thread)
    je 2f
    testb $(FLOAT_UNMASKED | FLOAT_LOAD), THREAD_MODES(\thread)
    jne 1f
    fldcw THREAD_GUEST_X87(\thread)
    jmp 2f
1:
    fldenv THREAD_GUEST_X87(\thread)
    andb $~FLOAT_LOAD, THREAD_MODES(\thread)
2:
    .endm

#define MOST_BYTES 128 /* that a copy moves without a string instruction, which takes a while to begin */

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
    cmpl $MXCSR_DEFAULT, THREAD_MXCSR(%rsp)
    je 1f
    ldmxcsr .Lmxcsr_default(%rip)
1:
    global orc_enter_window     /* from here on a stop ends the activation at once */
    cmpq $0, THREAD_LEAVE(%rsp)
    jne .Lenter_slowly
.Lenter:
    cmpq $0, THREAD_ENTRY(%rsp)
    jne .Lcall
    mov %rsp, %rbx              /* a clone's thread goes on where its zygote's is parked: at a gate's exit */
    mov THREAD_VALUE(%rbx), %r8
    mov THREAD_GATE_FRAME(%rbx), %rsp
    jmp orc_exit_window
.Lenter_slowly:
    cmpl $0, THREAD_LEAVE(%rsp)
    jne orc_leave
    cmpw $0, THREAD_LEAVE+4(%rsp)
    jne orc_leave
    cmpq $0, THREAD_ENTRY(%rsp)
    je .Lenter                  /* the gate's exit loads them */
    load_modes %rsp
    jmp .Lenter
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

/* What gates in the gate page are made of: position-independent, and they tell nothing about the host's addresses. */
    .macro gate_code name, field
    .p2align 6
    global \name
    endbr64
    mov %rsp, %r11
    or $(THREAD_REGION - 1), %r11
    jmp *FIELD(\field)
    global \name\()_end
    .endm

    gate_code orc_gate_code, THREAD_GATE
    gate_code orc_float_gate_code, THREAD_FLOAT_GATE

/* Gate 0 of a thread whose modes aren't the default: host code runs with the host's MXCSR and the default control word.
 * With masked exceptions none is pending; else the whole environment is kept: fnstenv and fninit don't look at them. */
    function orc_gate_of_modes
    stmxcsr FIELD(THREAD_GUEST_MXCSR)
    ldmxcsr FIELD(THREAD_MXCSR)
    testb $FLOAT_X87, FIELD(THREAD_MODES)
    je orc_gate
    testb $FLOAT_UNMASKED, FIELD(THREAD_MODES)
    jne 1f
    fnstcw FIELD(THREAD_GUEST_X87)
    fldcw .Lx87_control_default(%rip)
    jmp orc_gate
1:
    fnstenv FIELD(THREAD_GUEST_X87)
    fninit
    jmp orc_gate

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
    jne .Lexit_slowly
.Lexit:
    clear_vectors THREAD_AVX(%rbx)
    give_back
    mov %r8, %rax
    .irp register,ecx,edx,esi,edi,r8d,r9d,r10d,r11d
    xor %\register, %\register
    .endr
    ret
.Lexit_slowly:
    cmpl $0, THREAD_LEAVE(%rbx)
    jne .Lleave
    cmpw $0, THREAD_LEAVE+4(%rbx)
    jne .Lleave
    load_modes %rbx
    jmp .Lexit
.Lleave:
    mov %rbx, %rsp
    jmp orc_leave
    global orc_exit_window_end

.Lexhausted:
    mov (%rsp), %rax            /* who called */
    lea FIELD(0), %rsp
    mov %rax, THREAD_VALUE(%rsp)
    movl $OUTCOME_EXHAUSTED, THREAD_OUTCOME(%rsp)
    jmp orc_leave

/* Gate 1, called by the guest: edi is to be its MXCSR, esi its x87 control word, edx the status word, ecx the tags; or ecx
 * is -1: x87 stack, top and tags stay as they are. Vector and x87 data registers stay in any case. No C code runs here,
 * and a stop ends the activation between any two instructions. */
    function orc_float_gate
    test %edi, FIELD(THREAD_MXCSR_RESERVED)
    jne .Lrefused
    test $~X87_CONTROL_BITS, %esi
    jne .Lrefused
    mov %esi, %eax
    and $0x300, %eax
    cmp $0x100, %eax            /* a precision that there isn't */
    je .Lrefused
    test $~X87_STATUS_BITS, %edx
    jne .Lrefused
    or $X87_CONTROL_FIXED, %esi

    mov %edi, FIELD(THREAD_GUEST_MXCSR)
    ldmxcsr FIELD(THREAD_GUEST_MXCSR)
    mov %edx, %r8d
    cmp $-1, %ecx
    jne 1f
    fnstcw FIELD(THREAD_GUEST_X87)
    fnstsw %ax
    and $X87_STATUS_TOP, %eax
    and $~X87_STATUS_TOP, %r8d
    or %eax, %r8d
    fnstsw %ax
    and $X87_STATUS_BITS, %eax
    cmp %r8d, %eax
    jne 1f
    cmp %si, FIELD(THREAD_GUEST_X87)
    je 2f
    movzwl FIELD(THREAD_GUEST_X87), %eax
    and %esi, %eax
    not %eax
    test $X87_MASKS, %eax
    jne 1f
    mov %si, FIELD(THREAD_GUEST_X87)
    fldcw FIELD(THREAD_GUEST_X87) /* all masked, before and after: nothing is pending */
    jmp 2f
1:
    fnstenv FIELD(THREAD_GUEST_X87)
    fninit                      /* nothing is pending from here on; the data registers stay */
    mov %si, FIELD(THREAD_GUEST_X87)
    mov %r8w, FIELD(THREAD_GUEST_X87 + X87_STATUS)
    cmp $-1, %ecx
    je 1f
    mov %cx, FIELD(THREAD_GUEST_X87 + X87_TAGS)
1:
    fldenv FIELD(THREAD_GUEST_X87)
2:
    xor %eax, %eax
    xor %ecx, %ecx
    mov %edi, %r8d
    and $~MXCSR_FLAGS, %r8d
    cmp $MXCSR_DEFAULT, %r8d
    setne %al
    cmp $X87_CONTROL_DEFAULT, %esi
    setne %cl
    lea (%rax, %rcx, 2), %eax   /* FLOAT_SSE, FLOAT_X87 */
    mov %esi, %ecx
    not %ecx
    test $X87_MASKS, %ecx
    je 3f
    or $FLOAT_UNMASKED, %eax
3:
    mov %ax, FIELD(THREAD_MODES)
    lea orc_gate(%rip), %rcx
    lea orc_gate_of_modes(%rip), %r8
    test %eax, %eax
    cmovne %r8, %rcx
    mov %rcx, FIELD(THREAD_GATE)
    xor %eax, %eax
    jmp 4f
.Lrefused:
    mov $-22, %rax
4:
    xor %ecx, %ecx
    xor %r8d, %r8d
    xor %r11d, %r11d
    ret
    global orc_float_gate_end

/* int orc_guest_copy(void *to, const void *from, size_t size): 0, or -EFAULT when one side lies in the slot and faults:
 * the handler resumes at orc_guest_copy_fault. Most are a few words, and perhaps a few bytes. */
    function orc_guest_copy
    mov %rdx, %rcx
    cmp $MOST_BYTES, %rdx
    ja 3f
    shr $3, %rcx
    je 2f
1:
    global orc_guest_copy_access
    mov (%rsi), %rax
    mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    dec %rcx
    jne 1b
2:
    mov %edx, %ecx
    and $7, %ecx
    je 4f
5:
    movb (%rsi), %al
    movb %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %ecx
    jne 5b
    jmp 4f
3:
    rep movsb
    global orc_guest_copy_access_end
4:
    xor %eax, %eax
    ret
    global orc_guest_copy_fault
    mov $-14, %eax
    ret

    .section .rodata.crossing, "a", @progbits
    .p2align 2
.Lmxcsr_default:
    .long MXCSR_DEFAULT
.Lx87_control_default:
    .word X87_CONTROL_DEFAULT

    .section .note.GNU-stack, "", @progbits
