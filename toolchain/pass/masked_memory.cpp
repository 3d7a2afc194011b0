// The intrinsics behind instructions that the verifier refuses: gathers, whose addresses lie in a vector
// register, and maskmovdqu, whose address is implicit. Each becomes LLVM's generic masked operation, which
// the code generator turns into single accesses under branches (-mno-gather).
#include "legalise.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsX86.h"

using namespace llvm;

namespace {

bool isGather(Intrinsic::ID ID) {
    switch (ID) {
    case Intrinsic::x86_avx2_gather_d_d:
    case Intrinsic::x86_avx2_gather_d_d_256:
    case Intrinsic::x86_avx2_gather_d_pd:
    case Intrinsic::x86_avx2_gather_d_pd_256:
    case Intrinsic::x86_avx2_gather_d_ps:
    case Intrinsic::x86_avx2_gather_d_ps_256:
    case Intrinsic::x86_avx2_gather_d_q:
    case Intrinsic::x86_avx2_gather_d_q_256:
    case Intrinsic::x86_avx2_gather_q_d:
    case Intrinsic::x86_avx2_gather_q_d_256:
    case Intrinsic::x86_avx2_gather_q_pd:
    case Intrinsic::x86_avx2_gather_q_pd_256:
    case Intrinsic::x86_avx2_gather_q_ps:
    case Intrinsic::x86_avx2_gather_q_ps_256:
    case Intrinsic::x86_avx2_gather_q_q:
    case Intrinsic::x86_avx2_gather_q_q_256:
        return true;
    default:
        return false;
    }
}

// The lanes whose mask element has its top bit set.
Value *topBits(IRBuilder<> &Builder, Value *Mask) {
    auto *Type = cast<FixedVectorType>(Mask->getType());
    auto *Integers =
        FixedVectorType::get(Builder.getIntNTy(Type->getScalarSizeInBits()), Type->getNumElements());
    return Builder.CreateICmpSLT(Builder.CreateBitCast(Mask, Integers), Constant::getNullValue(Integers));
}

// The first `Lanes` lanes of a vector; more than it has are zero.
Value *resize(IRBuilder<> &Builder, Value *Vector, unsigned Lanes) {
    unsigned Had = cast<FixedVectorType>(Vector->getType())->getNumElements();
    SmallVector<int, 16> Order;
    for (unsigned Lane = 0; Lane < Lanes; Lane++)
        Order.push_back(Lane < Had ? Lane : Had);
    return Had == Lanes
               ? Vector
               : Builder.CreateShuffleVector(Vector, Constant::getNullValue(Vector->getType()), Order);
}

// gather(source, base, index, mask, scale): element i comes from base + index[i] * scale where the mask says
// so. Where there are fewer indices than elements, the rest is zero (Intel SDM, VGATHERQPS).
Value *lowerGather(IRBuilder<> &Builder, IntrinsicInst *Gather) {
    auto *Type = cast<FixedVectorType>(Gather->getType());
    Value *Index = Gather->getArgOperand(2);
    unsigned Indices = cast<FixedVectorType>(Index->getType())->getNumElements();
    unsigned Lanes = std::min(Type->getNumElements(), Indices);
    Value *Source = resize(Builder, Gather->getArgOperand(0), Lanes);
    Value *Mask = topBits(Builder, resize(Builder, Gather->getArgOperand(3), Lanes));
    Value *Wide =
        Builder.CreateSExt(resize(Builder, Index, Lanes), FixedVectorType::get(Builder.getInt64Ty(), Lanes));
    uint64_t Scale = cast<ConstantInt>(Gather->getArgOperand(4))->getZExtValue();
    Value *Offset = Builder.CreateMul(Wide, ConstantInt::get(Wide->getType(), Scale));
    Value *Addresses = Builder.CreateGEP(Builder.getInt8Ty(), Gather->getArgOperand(1), Offset);
    auto *Part = FixedVectorType::get(Type->getElementType(), Lanes);
    return resize(Builder, Builder.CreateMaskedGather(Part, Addresses, Align(1), Mask, Source),
                  Type->getNumElements());
}

} // namespace

bool orc::legaliseMaskedMemory(Function &F) {
    bool Changed = false;
    for (Instruction &I : make_early_inc_range(instructions(F))) {
        auto *Call = dyn_cast<IntrinsicInst>(&I);
        if (!Call)
            continue;
        IRBuilder<> Builder(Call);
        if (Call->getIntrinsicID() == Intrinsic::x86_sse2_maskmov_dqu)
            Builder.CreateMaskedStore(Call->getArgOperand(0), Call->getArgOperand(2), Align(1),
                                      topBits(Builder, Call->getArgOperand(1)));
        else if (isGather(Call->getIntrinsicID()))
            Call->replaceAllUsesWith(lowerGather(Builder, Call));
        else
            continue;
        Call->eraseFromParent();
        Changed = true;
    }
    return Changed;
}
