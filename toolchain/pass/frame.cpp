// Questions about the frame. There is no frame pointer, and return addresses lie on the control stack, which
// guest code can't read: the answers are an address in the frame, or none.
#include "legalise.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace {

// llvm.frameaddress(0): the address of a local of this frame. Further up: null, as where no frame pointers
// are kept.
Value *frameAddress(IntrinsicInst *Query) {
    auto *Level = dyn_cast<ConstantInt>(Query->getArgOperand(0));
    if (!Level || !Level->isZero())
        return Constant::getNullValue(Query->getType());
    IRBuilder<> Builder(&*Query->getFunction()->getEntryBlock().begin());
    AllocaInst *Place = Builder.CreateAlloca(Builder.getInt64Ty());
    Place->setAlignment(Align(16));
    return Place;
}

bool replaceQuery(IntrinsicInst *Query) {
    Value *Answer;
    switch (Query->getIntrinsicID()) {
    case Intrinsic::frameaddress:
        Answer = frameAddress(Query);
        break;
    case Intrinsic::returnaddress:
    case Intrinsic::addressofreturnaddress:
        Answer = Constant::getNullValue(Query->getType());
        break;
    case Intrinsic::eh_sjlj_setjmp:
    case Intrinsic::eh_sjlj_longjmp:
        orc::reportUnsupported(
            *Query, "__builtin_setjmp and __builtin_longjmp can't be confined: use setjmp and longjmp");
        return false;
    case Intrinsic::eh_return_i32:
    case Intrinsic::eh_return_i64:
    case Intrinsic::eh_unwind_init:
    case Intrinsic::eh_dwarf_cfa:
        orc::reportUnsupported(*Query, "unwinding builtins can't be confined");
        return false;
    case Intrinsic::experimental_stackmap:
    case Intrinsic::experimental_patchpoint_void:
    case Intrinsic::experimental_patchpoint:
        orc::reportUnsupported(*Query, "stack maps and patch points can't be confined");
        return false;
    default:
        return false;
    }
    Query->replaceAllUsesWith(Answer);
    Query->eraseFromParent();
    return true;
}

} // namespace

bool orc::legaliseFrameQueries(Function &F) {
    // Inlined or hand-written IR may say something else. "reserved": no frame pointer, and %rbp left alone.
    F.addFnAttr("frame-pointer", "reserved");
    bool Changed = false;
    for (Instruction &I : make_early_inc_range(instructions(F)))
        if (auto *Query = dyn_cast<IntrinsicInst>(&I))
            Changed |= replaceQuery(Query);
    return Changed;
}
