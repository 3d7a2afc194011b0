// The data stack is aligned to 16 bytes. A local that wants more would make the code generator realign the
// stack, which takes a frame pointer: it gets room to spare and an address rounded up inside it. By-value
// arguments lose their extra alignment on both sides of the call; the callee copies one that needs it. Spills
// of 32-byte registers need no alignment with "no-realign-stack".
#include "legalise.h"

#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace {

constexpr uint64_t StackAlignment = 16;

// `alloca` with room to spare, and the aligned address in it.
Value *createAlignedAlloca(IRBuilder<> &Builder, uint64_t Size, Align Alignment, AllocaInst *&Room) {
    uint64_t Spare = Alignment.value() - StackAlignment;
    Room = Builder.CreateAlloca(ArrayType::get(Builder.getInt8Ty(), Size + Spare));
    Room->setAlignment(Align(StackAlignment));
    Value *Highest = Builder.CreateConstInBoundsGEP1_64(Builder.getInt8Ty(), Room, Spare);
    // The highest aligned address not above room + spare: at least `room`, as room is a multiple of 16.
    Value *Mask = Builder.getInt64(~(Alignment.value() - 1));
    return Builder.CreateIntrinsic(Intrinsic::ptrmask, {Highest->getType(), Mask->getType()},
                                   {Highest, Mask});
}

void moveLifetimeMarkers(AllocaInst *From, AllocaInst *To) {
    for (User *U : make_early_inc_range(From->users()))
        if (auto *Call = dyn_cast<IntrinsicInst>(U); Call && Call->isLifetimeStartOrEnd())
            Call->replaceUsesOfWith(From, To);
}

void replaceAlloca(AllocaInst *Alloca) {
    const DataLayout &Layout = Alloca->getModule()->getDataLayout();
    uint64_t Size = Alloca->getAllocationSize(Layout)->getFixedValue();
    IRBuilder<> Builder(Alloca);
    AllocaInst *Room;
    Value *Aligned = createAlignedAlloca(Builder, Size, Alloca->getAlign(), Room);
    moveLifetimeMarkers(Alloca, Room);
    DIBuilder Debug(*Alloca->getModule(), false);
    replaceDbgDeclare(Alloca, Aligned, Debug, DIExpression::ApplyOffset, 0);
    Aligned->takeName(Alloca);
    Alloca->replaceAllUsesWith(Aligned);
    Alloca->eraseFromParent();
}

bool isOverAligned(MaybeAlign Alignment) {
    return Alignment && Alignment->value() > StackAlignment;
}

Attribute stackAligned(LLVMContext &Context) {
    return Attribute::getWithAlignment(Context, Align(StackAlignment));
}

// The callee's side: the argument arrives 16-byte aligned, and a copy stands where the code expects it.
bool legaliseByValueParameters(Function &F) {
    bool Changed = false;
    for (Argument &Parameter : F.args()) {
        if (!Parameter.hasByValAttr() || !isOverAligned(Parameter.getParamAlign()))
            continue;
        Align Alignment = *Parameter.getParamAlign();
        Parameter.removeAttr(Attribute::Alignment);
        Parameter.addAttr(stackAligned(F.getContext()));
        Changed = true;
        if (F.isDeclaration() || Parameter.use_empty())
            continue;
        uint64_t Size = F.getParent()->getDataLayout().getTypeAllocSize(Parameter.getParamByValType());
        IRBuilder<> Builder(&*F.getEntryBlock().begin());
        AllocaInst *Room;
        Value *Copy = createAlignedAlloca(Builder, Size, Alignment, Room);
        Parameter.replaceAllUsesWith(Copy);
        Builder.CreateMemCpy(Copy, Alignment, &Parameter, Align(StackAlignment), Size);
    }
    return Changed;
}

// The caller's side.
bool legaliseByValueArguments(CallBase &Call) {
    bool Changed = false;
    for (unsigned I = 0; I < Call.arg_size(); I++) {
        if (!Call.isByValArgument(I) || !isOverAligned(Call.getParamAlign(I)))
            continue;
        if (I >= Call.getFunctionType()->getNumParams()) {
            orc::reportUnsupported(
                Call, "variadic argument with an alignment above 16 bytes can't be passed: pass its address");
            continue;
        }
        Call.removeParamAttr(I, Attribute::Alignment);
        Call.addParamAttr(I, stackAligned(Call.getContext()));
        Changed = true;
    }
    return Changed;
}

} // namespace

bool orc::legaliseAlignment(Function &F) {
    bool Changed = legaliseByValueParameters(F);
    if (F.isDeclaration())
        return Changed;
    SmallVector<AllocaInst *, 4> Allocas;
    for (Instruction &I : instructions(F)) {
        if (auto *Alloca = dyn_cast<AllocaInst>(&I); Alloca && isOverAligned(Alloca->getAlign()))
            Allocas.push_back(Alloca);
        else if (auto *Call = dyn_cast<CallBase>(&I))
            Changed |= legaliseByValueArguments(*Call);
    }
    for (AllocaInst *Alloca : Allocas)
        replaceAlloca(Alloca);
    F.addFnAttr("no-realign-stack");
    F.removeFnAttr("stackrealign");
    F.removeFnAttr(Attribute::StackAlignment);
    return true;
}
