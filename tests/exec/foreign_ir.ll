; LLVM IR as a front end that isn't clang writes it: no branch protection, calls through the global offset table, probed
; stacks, another target, a processor with AVX-512, blocks that end in a call that doesn't return.
source_filename = "foreign"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@number = private unnamed_addr constant [4 x i8] c"%d\0A\00"
@long = private unnamed_addr constant [5 x i8] c"%ld\0A\00"
@table = internal constant [2 x ptr] [ptr @double, ptr @square]
@local = thread_local global i64 40
@private_local = internal thread_local global i64 2
@where = internal constant [3 x ptr] [ptr blockaddress(@computed, %first), ptr blockaddress(@computed, %second), ptr blockaddress(@computed, %last)]
@stdout = external global ptr

declare i32 @printf(ptr, ...) #0
declare i32 @fflush(ptr) #0
declare void @exit(i32) #1

define internal i32 @double(i32 %x) #0 {
  %y = shl i32 %x, 1
  ret i32 %y
}

define internal i32 @square(i32 %x) #0 {
  %y = mul i32 %x, %x
  ret i32 %y
}

define i32 @indirect(i32 %which, i32 %x) #0 {
  %place = getelementptr [2 x ptr], ptr @table, i32 0, i32 %which
  %function = load ptr, ptr %place
  %result = call i32 %function(i32 %x) #0
  ret i32 %result
}

define i32 @tail(i32 %which, ptr %x) #0 {
  %result = tail call i32 (ptr, ...) @printf(ptr @number, i32 %which) #0
  ret i32 %result
}

define i32 @switch(i32 %x) #2 {
  switch i32 %x, label %other [ i32 0, label %a
                                i32 1, label %b
                                i32 2, label %c
                                i32 3, label %d
                                i32 4, label %e
                                i32 5, label %f ]
a:
  ret i32 11
b:
  %p = call i32 @indirect(i32 0, i32 7)
  ret i32 %p
c:
  ret i32 54
d:
  %q = call i32 @indirect(i32 1, i32 9)
  ret i32 %q
e:
  ret i32 3
f:
  ret i32 1000
other:
  ret i32 -1
}

define i32 @computed(i32 %x) #0 {
entry:
  br label %next
next:
  %state = phi i32 [ 0, %entry ], [ 1, %first ], [ 2, %second ]
  %value = phi i32 [ %x, %entry ], [ %one, %first ], [ %two, %second ]
  %place = getelementptr [3 x ptr], ptr @where, i32 0, i32 %state
  %target = load ptr, ptr %place
  indirectbr ptr %target, [ label %first, label %second, label %last ]
first:
  %one = add i32 %value, 5
  br label %next
second:
  %two = mul i32 %value, 3
  br label %next
last:
  ret i32 %value
}

; The block of the call that doesn't return stands before others, or at the function's end.
define i32 @checked(i32 %x, i32 %y) #0 {
  %big = alloca [100 x i32], align 64
  %bad = icmp eq i32 %x, 99
  br i1 %bad, label %ends, label %goes, !prof !9
ends:
  %unused = call i32 @fflush(ptr null) #0
  call void @exit(i32 3) #1
  unreachable
goes:
  %odd = and i32 %y, 1
  %is = icmp eq i32 %odd, 0
  br i1 %is, label %even, label %out, !prof !9
even:
  %place = getelementptr [100 x i32], ptr %big, i32 0, i32 %y
  store volatile i32 %x, ptr %place
  %again = load volatile i32, ptr %place
  %aligned = ptrtoint ptr %big to i64
  %rest = and i64 %aligned, 63
  %low = trunc i64 %rest to i32
  %sum = add i32 %again, %low
  ret i32 %sum
out:
  ret i32 %y
}

define i64 @dynamic(i64 %n) #0 {
  %room = alloca i64, i64 %n, align 32
  %last = getelementptr i64, ptr %room, i64 3
  store volatile i64 %n, ptr %last
  %read = load volatile i64, ptr %last
  ret i64 %read
}

define i32 @main() #0 {
  %a = call i32 @switch(i32 1)
  call i32 (ptr, ...) @printf(ptr @number, i32 %a) #0
  %b = call i32 @switch(i32 3)
  call i32 @tail(i32 %b, ptr null)
  %c = call i32 @computed(i32 2)
  call i32 (ptr, ...) @printf(ptr @number, i32 %c) #0
  %d = call i32 @checked(i32 17, i32 4)
  call i32 (ptr, ...) @printf(ptr @number, i32 %d) #0
  %e = call i32 @checked(i32 18, i32 5)
  call i32 (ptr, ...) @printf(ptr @number, i32 %e) #0
  %f = call i64 @dynamic(i64 30)
  call i32 (ptr, ...) @printf(ptr @long, i64 %f) #0
  %address = call ptr @llvm.threadlocal.address.p0(ptr @local)
  %g = load volatile i64, ptr %address
  %own = call ptr @llvm.threadlocal.address.p0(ptr @private_local)
  %h = load volatile i64, ptr %own
  %i = add i64 %g, %h
  call i32 (ptr, ...) @printf(ptr @long, i64 %i) #0
  %j = load ptr, ptr @stdout
  %k = call i32 @fflush(ptr %j) #0
  %l = call i32 @checked(i32 99, i32 5)
  ret i32 0
}

attributes #0 = { nonlazybind uwtable "probe-stack"="inline-asm" "target-cpu"="x86-64" }
attributes #1 = { cold noreturn nounwind nonlazybind "target-cpu"="x86-64" }
attributes #2 = { noinline nonlazybind "target-cpu"="x86-64" "frame-pointer"="all" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 8, !"PIC Level", i32 2}
!1 = !{i32 2, !"RtLibUseGOT", i32 1}
!9 = !{!"branch_weights", i32 1, i32 2000}
