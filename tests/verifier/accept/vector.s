# each: accept
movaps %xmm0, %xmm4
movaps %xmm4, %gs:(%eax)
movups %gs:(%ebp), %xmm12
movapd %xmm4, %xmm4
movss %gs:(%eax), %xmm0
movsd %xmm0, %gs:(%eax)
movsd %xmm4, %xmm4
cmpsd $1, %xmm4, %xmm4
cmpeqss %gs:(%eax), %xmm1
movd %eax, %xmm4
movq %xmm4, %rax
movq %xmm4, %gs:(%eax)
movq %mm4, %mm4
movd %mm1, %eax
paddd %mm4, %mm5
pshufw $3, %mm4, %mm4
movntq %mm4, %gs:(%eax)
movq2dq %mm4, %xmm4
movdq2q %xmm4, %mm4
cvtpi2ps %mm4, %xmm4
cvttpd2pi %xmm4, %mm4
emms
addps %xmm4, %xmm12
addsd %gs:(%eax), %xmm4
cvtsi2sd %rax, %xmm4
cvtsi2ssl %gs:(%eax), %xmm4
cvttsd2si %xmm4, %r12
pmovmskb %xmm4, %eax
movmskps %xmm4, %eax
pextrw $4, %xmm4, %eax
pinsrw $4, %eax, %xmm4
pextrb $4, %xmm4, %gs:(%eax)
pinsrq $1, %rax, %xmm4
extractps $4, %xmm4, %eax
insertps $4, %xmm4, %xmm4
pshufb %xmm4, %xmm4
palignr $4, %gs:(%eax), %xmm4
blendvps %xmm4, %xmm4
pblendvb %gs:(%eax), %xmm4
ptest %xmm4, %xmm4
pcmpestri $4, %xmm4, %xmm4
pcmpistrm $4, %gs:(%eax), %xmm4
roundsd $4, %xmm4, %xmm4
dpps $4, %xmm4, %xmm4
mpsadbw $4, %xmm4, %xmm4
phminposuw %xmm4, %xmm4
lddqu %gs:(%eax), %xmm4
movddup %gs:(%eax), %xmm4
haddpd %xmm4, %xmm4
movntdqa %gs:(%eax), %xmm4
movntps %xmm4, %gs:(%eax)
movhlps %xmm4, %xmm4
movhps %gs:(%eax), %xmm4
movlpd %xmm4, %gs:(%eax)
ucomisd %xmm4, %xmm4
stmxcsr %gs:(%eax)
aesenc %xmm4, %xmm4
aeskeygenassist $4, %xmm4, %xmm4
pclmulqdq $4, %gs:(%eax), %xmm4
sha1rnds4 $3, %xmm4, %xmm4
sha1msg1 %xmm4, %xmm4
sha256rnds2 %xmm4, %xmm4
sha256msg2 %gs:(%eax), %xmm4
vaddps %ymm4, %ymm4, %ymm4
vaddsd %gs:(%eax), %xmm4, %xmm4
vmovdqu %gs:(%r12d), %ymm12
vmovdqa %ymm4, %gs:-32(%ebp)
vmovd %eax, %xmm4
vmovq %rax, %xmm4
vpermq $4, %ymm4, %ymm4
vperm2i128 $4, %ymm4, %ymm4, %ymm4
vinserti128 $1, %gs:(%eax), %ymm4, %ymm4
vextracti128 $1, %ymm4, %gs:(%eax)
vbroadcastss %gs:(%eax), %ymm4
vpbroadcastb %xmm4, %ymm4
vpblendvb %ymm4, %ymm4, %ymm4, %ymm4
vblendvpd %xmm4, %xmm4, %xmm4, %xmm4
vmaskmovps %gs:(%eax), %ymm4, %ymm4
vpmaskmovq %ymm4, %ymm4, %gs:(%eax)
vpsllvd %ymm4, %ymm4, %ymm4
vfmadd231ps %ymm4, %ymm4, %ymm4
vfmadd213sd %gs:(%eax), %xmm4, %xmm4
vfnmsub132pd %xmm4, %xmm4, %xmm4
vfmaddsub231ps %ymm4, %ymm4, %ymm4
vcvtph2ps %xmm4, %ymm4
vcvtps2ph $4, %ymm4, %gs:(%eax)
vpshufb %gs:(%eax,%ebx), %ymm4, %ymm4
vaesenc %xmm4, %xmm4, %xmm4
vpclmulqdq $4, %xmm4, %xmm4, %xmm4
vzeroupper
vzeroall
vtestps %ymm4, %ymm4
vpextrq $1, %xmm4, %rax
vpinsrb $1, %eax, %xmm4, %xmm4
vstmxcsr %gs:(%eax)
vpmovmskb %ymm4, %eax
vcvtsi2sd %rax, %xmm4, %xmm4
