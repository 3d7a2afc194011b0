// A computed goto becomes a guarded jump, which needs %r10 and %r11. Unlike at calls, these are live there as
// a rule: an empty assembly statement that clobbers them keeps the register allocator away.
#include "legalise.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

bool orc::prepareIndirectBranches(Function &F) {
    bool Changed = false;
    for (BasicBlock &Block : F) {
        auto *Branch = dyn_cast<IndirectBrInst>(Block.getTerminator());
        if (!Branch)
            continue;
        IRBuilder<> Builder(Branch);
        FunctionType *Type = FunctionType::get(Builder.getVoidTy(), false);
        Builder.CreateCall(InlineAsm::get(Type, "", "~{r10},~{r11}", true));
        Changed = true;
    }
    return Changed;
}
