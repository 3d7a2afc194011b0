# each: accept
fldt %gs:(%eax)
fstpt %gs:(%eax)
flds %gs:(%eax)
fldl %gs:(%eax)
fildll %gs:(%eax)
fistpll %gs:(%eax)
fisttpl %gs:(%eax)
fbld %gs:(%eax)
fbstp %gs:(%eax)
fadd %st(4), %st
faddp %st, %st(4)
fmull %gs:(%eax)
fsubrs %gs:(%eax)
fidivs %gs:(%eax)
fld1
fldz
fldpi
fchs
fabs
fsqrt
fsin
fcos
fptan
fpatan
f2xm1
fyl2x
fscale
fprem
fprem1
frndint
fxch %st(4)
fcmove %st(4), %st
fucomip %st(4), %st
fcomi %st(4), %st
fcompp
ftst
fxam
fnstsw %ax
fnstsw %gs:(%eax)
fnstcw %gs:(%eax)
fnclex
fninit
fnop
fwait
ffree %st(4)
fincstp
fdecstp
