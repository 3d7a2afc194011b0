# each: accept
movl %eax,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
movl %eax,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; jmp *%rax
movl %ecx,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; jmp *%rax
movl %r8d,%eax; movl (%rax),%ecx; addl $0x05e1f00d,%ecx; jne trap; jmp *%rax
movl %edi,%edi; movl (%rdi),%eax; addl $0x05e1f00d,%eax; jne trap; call *%rdi
addl %edx,%ecx; movl (%rcx),%r11d; addl $0x05e1f00d,%r11d; jne trap; jmp *%rcx
addl %r9d,%r12d; movl (%r12),%r11d; addl $0x05e1f00d,%r11d; jne trap; jmp *%r12
addl %gs:(%eax,%ecx,4),%edx; movl (%rdx),%r11d; addl $0x05e1f00d,%r11d; jne trap; jmp *%rdx
.byte 0x03,0xc1; cmpl $0x1e0ff390,-1(%rax); jne trap; cmpb $0xfa,3(%rax); jne trap; jmp *%rax
movl %ebp,%ebp; movl (%rbp),%eax; addl $0x05e1f00d,%eax; jne trap; call *%rbp
movl %eax,%eax; movl (%rax),%ebp; addl $0x05e1f00d,%ebp; jne trap; call *%rax
movl %r12d,%r12d; movl (%r12),%eax; addl $0x05e1f00d,%eax; jne trap; call *%r12
movl %r13d,%r13d; movl (%r13),%eax; addl $0x05e1f00d,%eax; jne trap; call *%r13
movl %r12d,%r12d; movl (%r12),%r13d; addl $0x05e1f00d,%r13d; jne trap; call *%r12
movl %r15d,%r15d; movl (%r15),%r12d; addl $0x05e1f00d,%r12d; jne trap; jmp *%r15
movl %r8d,%r8d; movl (%r8),%r9d; addl $0x05e1f00d,%r9d; jne trap; call *%r8
movl %gs:8(%ebp),%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
movl %gs:(%eip),%r11d; movl (%r11),%eax; addl $0x05e1f00d,%eax; jne trap; jmp *%r11
movl %fs:0x38,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
.byte 0x8b,0xc0; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
.byte 0x89,0xc0; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
movl %edi,%edi; movl (%rdi),%eax; .byte 0x81,0xc0; .long 0x05e1f00d; jne trap; call *%rdi
movl %eax,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; {disp32} jne trap; call *%rax
movl %eax,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax; trap: ud2
trap: int3; movl %eax,%eax; movl (%rax),%r11d; addl $0x05e1f00d,%r11d; jne trap; call *%rax
movl %eax,%eax; cmpl $0x1e0ff390,-1(%rax); jne trap; cmpb $0xfa,3(%rax); jne trap; call *%rax
movl %eax,%eax; cmpl $0x1e0ff390,-1(%rax); jne trap; cmpb $0xfa,3(%rax); jne trap; jmp *%rax
movl %r12d,%r12d; cmpl $0x1e0ff390,-1(%r12); jne trap; cmpb $0xfa,3(%r12); jne trap; jmp *%r12
movl %r13d,%r13d; cmpl $0x1e0ff390,-1(%r13); jne trap; cmpb $0xfa,3(%r13); jne trap; jmp *%r13
movl %ebp,%ebp; cmpl $0x1e0ff390,-1(%rbp); jne trap; cmpb $0xfa,3(%rbp); jne trap; jmp *%rbp
movl %r11d,%r11d; cmpl $0x1e0ff390,-1(%r11); {disp32} jne trap; cmpb $0xfa,3(%r11); {disp32} jne trap; jmp *%r11
movl %gs:(%eax,%ecx,8),%ecx; cmpl $0x1e0ff390,-1(%rcx); jne trap; cmpb $0xfa,3(%rcx); jne trap; jmp *%rcx
movl %eax,%eax; cmpl $0x1e0ff390,-1(%rax); jne trap; cmpb $0xfa,3(%rax); jne trap2; jmp *%rax; trap2: ud2
# accept: two guarded sequences, the second right behind the first
movl %eax,%eax
movl (%rax),%r11d
addl $0x05e1f00d,%r11d
jne trap
call *%rax
movl %ebx,%ebx
movl (%rbx),%r11d
addl $0x05e1f00d,%r11d
jne trap
call *%rbx
# accept: a computed goto's target, a nop before the mark
nop
endbr64
ret
