// Dynamic allocas (alloca(), variable-length arrays) would need a frame pointer. They move to a second stack
// of the thread, the dynamic stack, which guest/builtins provides:
//
//   void **__orc_dynamic_stack(void)                    where this thread keeps its dynamic stack pointer
//   void *__orc_dynamic_alloc(void **, size, align)     takes room from it
//
// A function that uses it asks for the pointer's place at its entry, keeps the pointer's value and puts it
// back wherever the function is left. So longjmp past such a frame leaks nothing for longer than the next
// outer function of this kind runs. llvm.stacksave and llvm.stackrestore (a block with variable-length arrays
// ends) read and write the same pointer.
#include "legalise.h"

#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

struct StackUses {
    SmallVector<AllocaInst *, 4> Allocas;
    SmallVector<IntrinsicInst *, 4> Saves, Restores;
};

StackUses findStackUses(Function &F) {
    StackUses Uses;
    for (Instruction &I : instructions(F)) {
        if (auto *Alloca = dyn_cast<AllocaInst>(&I)) {
            if (!Alloca->isStaticAlloca())
                Uses.Allocas.push_back(Alloca);
        } else if (auto *Call = dyn_cast<IntrinsicInst>(&I)) {
            if (Call->getIntrinsicID() == Intrinsic::stacksave)
                Uses.Saves.push_back(Call);
            else if (Call->getIntrinsicID() == Intrinsic::stackrestore)
                Uses.Restores.push_back(Call);
        }
    }
    return Uses;
}

// Lifetime markers may name allocas alone, and mean nothing on the dynamic stack.
void dropLifetimeMarkers(Instruction *Pointer) {
    for (User *U : make_early_inc_range(Pointer->users()))
        if (auto *Call = dyn_cast<IntrinsicInst>(U); Call && Call->isLifetimeStartOrEnd())
            Call->eraseFromParent();
}

class DynamicStack {
  public:
    explicit DynamicStack(Function &F)
        : F(F), M(*F.getParent()), Pointer(PointerType::get(F.getContext(), 0)) {
        Size = M.getDataLayout().getIntPtrType(F.getContext());
        IRBuilder<> Builder(&*F.getEntryBlock().getFirstInsertionPt());
        FunctionCallee Place =
            M.getOrInsertFunction("__orc_dynamic_stack", FunctionType::get(Pointer, false));
        CallInst *Call = Builder.CreateCall(Place, {}, "dynamic.stack");
        Call->setDoesNotThrow();
        Slot = Call;
        Saved = load(Builder);
    }

    void replaceAlloca(AllocaInst *Alloca) {
        IRBuilder<> Builder(Alloca);
        Value *Count = Builder.CreateZExtOrTrunc(Alloca->getArraySize(), Size);
        uint64_t ElementSize = M.getDataLayout().getTypeAllocSize(Alloca->getAllocatedType());
        Value *Bytes = Builder.CreateMul(Count, ConstantInt::get(Size, ElementSize));
        uint64_t Alignment = std::max<uint64_t>(Alloca->getAlign().value(), 16);
        FunctionCallee Take = M.getOrInsertFunction("__orc_dynamic_alloc",
                                                    FunctionType::get(Pointer, {Pointer, Size, Size}, false));
        CallInst *Memory = Builder.CreateCall(Take, {Slot, Bytes, ConstantInt::get(Size, Alignment)});
        Memory->setDoesNotThrow();
        Memory->takeName(Alloca);
        dropLifetimeMarkers(Alloca);
        Alloca->replaceAllUsesWith(Memory);
        Alloca->eraseFromParent();
    }

    void replaceSave(IntrinsicInst *Save) {
        IRBuilder<> Builder(Save);
        Save->replaceAllUsesWith(load(Builder));
        Save->eraseFromParent();
    }

    void replaceRestore(IntrinsicInst *Restore) {
        IRBuilder<> Builder(Restore);
        store(Builder, Restore->getArgOperand(0));
        Restore->eraseFromParent();
    }

    // Wherever control leaves the function for good: before a return, or before the call that a tail call
    // must be.
    void restoreAtExits() {
        for (BasicBlock &Block : F) {
            Instruction *End = Block.getTerminator();
            if (!isa<ReturnInst>(End) && !isa<ResumeInst>(End))
                continue;
            if (CallInst *Tail = Block.getTerminatingMustTailCall())
                End = Tail;
            IRBuilder<> Builder(End);
            store(Builder, Saved);
        }
    }

  private:
    Value *load(IRBuilder<> &Builder) {
        return Builder.CreateAlignedLoad(Pointer, Slot, Align(8), true, "dynamic.stack.saved");
    }
    void store(IRBuilder<> &Builder, Value *Top) {
        Builder.CreateAlignedStore(Top, Slot, Align(8), true);
    }

    Function &F;
    Module &M;
    PointerType *Pointer;
    IntegerType *Size;
    Value *Slot, *Saved;
};

// A call marked `tail` promises not to touch the caller's stack; on the dynamic stack, nothing hangs on that
// promise, but a tail call that can't be one any more must not be marked so, or the pointer would never be
// put back.
void dropTailMarkers(Function &F) {
    for (Instruction &I : instructions(F))
        if (auto *Call = dyn_cast<CallInst>(&I); Call && Call->getTailCallKind() == CallInst::TCK_Tail)
            Call->setTailCallKind(CallInst::TCK_None);
}

} // namespace

bool orc::legaliseDynamicAllocas(Function &F) {
    if (F.isDeclaration())
        return false;
    StackUses Uses = findStackUses(F);
    if (Uses.Allocas.empty() && Uses.Saves.empty() && Uses.Restores.empty())
        return false;
    for (AllocaInst *Alloca : Uses.Allocas)
        if (Alloca->isUsedWithInAlloca() || Alloca->isSwiftError()) {
            reportUnsupported(*Alloca, "this kind of dynamic allocation can't be confined");
            return false;
        }
    DynamicStack Stack(F);
    for (IntrinsicInst *Save : Uses.Saves)
        Stack.replaceSave(Save);
    for (IntrinsicInst *Restore : Uses.Restores)
        Stack.replaceRestore(Restore);
    for (AllocaInst *Alloca : Uses.Allocas)
        Stack.replaceAlloca(Alloca);
    dropTailMarkers(F);
    Stack.restoreAtExits();
    F.removeFnAttr(Attribute::Memory);
    return true;
}
