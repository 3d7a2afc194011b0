// `x |= 1 << n` on an atomic, with the old bit tested, becomes `lock bts %reg,mem`: the bit's index moves the
// address far from the operand, so the verifier refuses it. With the mask hidden from the code generator the
// operation becomes a compare-and-exchange loop, as for any other mask. Constant masks keep their `lock bts
// $imm,mem`.
#include "legalise.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

namespace {

bool isVariableMask(const AtomicRMWInst &Update) {
    auto Operation = Update.getOperation();
    if (Operation != AtomicRMWInst::Or && Operation != AtomicRMWInst::And && Operation != AtomicRMWInst::Xor)
        return false;
    // Results that nobody reads leave a plain `lock or`, whatever the mask is.
    return !isa<Constant>(Update.getValOperand()) && !Update.use_empty();
}

} // namespace

bool orc::legaliseAtomicBits(Function &F) {
    bool Changed = false;
    for (Instruction &I : instructions(F)) {
        auto *Update = dyn_cast<AtomicRMWInst>(&I);
        if (!Update || !isVariableMask(*Update) || !Update->getType()->isIntegerTy())
            continue;
        IRBuilder<> Builder(Update);
        Type *Mask = Update->getType();
        InlineAsm *Hide = InlineAsm::get(FunctionType::get(Mask, {Mask}, false), "", "=r,0", false);
        Update->setOperand(1, Builder.CreateCall(Hide, {Update->getValOperand()}));
        Changed = true;
    }
    return Changed;
}
