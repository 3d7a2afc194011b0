// LLVM IR may come from another front end than orc-cc's clang, or from one with other options: what clang
// writes into a module because of the driver's options is written here. For C nothing changes.
#include "legalise.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"

using namespace llvm;

namespace {

// What the verifier refuses: orc-cc's -mno-... options (toolchain/cc/stages.c), as features of a function.
constexpr const char *RefusedFeatures =
    "-avx512f,-avx512bf16,-avx512bitalg,-avx512bw,-avx512cd,-avx512dq,-avx512fp16,-avx512ifma,-avx512vbmi,"
    "-avx512vbmi2,-avx512vl,-avx512vnni,-avx512vp2intersect,-avx512vpopcntdq,-avx10.1,-avx10.2,-avxifma,"
    "-avxneconvert,-avxvnni,-avxvnniint16,-avxvnniint8,-ccmp,-cmpccxadd,-egpr,-fma4,-gfni,-ndd,-nf,-ppx,"
    "-push2pop2,-raoint,-sha512,-sm3,-sm4,-tbm,-vaes,-vpclmulqdq,-xop,-zu,+prefer-no-gather";

// Other front ends ask for calls through the global offset table, and for a stack that is probed.
void resetModuleFlags(Module &M) {
    Type *Int = Type::getInt32Ty(M.getContext());
    auto Set = [&](StringRef Name, unsigned Value) {
        M.setModuleFlag(Module::Override, Name, ConstantAsMetadata::get(ConstantInt::get(Int, Value)));
    };
    auto Clear = [&](StringRef Name) {
        if (M.getModuleFlag(Name))
            Set(Name, 0);
    };
    auto *Branch = mdconst::extract_or_null<ConstantInt>(M.getModuleFlag("cf-protection-branch"));
    if (!Branch || Branch->isZero())
        Set("cf-protection-branch", 1);
    auto *Alignment = mdconst::extract_or_null<ConstantInt>(M.getModuleFlag("override-stack-alignment"));
    if (!Alignment || Alignment->getZExtValue() != 16)
        Set("override-stack-alignment", 16);
    Clear("cf-protection-return");
    Clear("RtLibUseGOT");
    Clear("indirect_branch_cs_prefix");
    Clear("kcfi");
    if (!M.getModuleFlag("PIC Level"))
        M.setPICLevel(PICLevel::BigPIC);
}

bool isTargetIntrinsic(const Instruction &I) {
    auto *Call = dyn_cast<CallBase>(&I);
    const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
    return Call && (Call->isInlineAsm() || (Callee && Callee->getName().starts_with("llvm.x86.")));
}

bool hasWideVector(const Type *T) {
    return T->isVectorTy() && T->getPrimitiveSizeInBits().getKnownMinValue() > 256;
}

// Whether the code generator can do without the features: nobody named an instruction, and no vector of 512
// bits is passed in a register.
bool canLoseFeatures(const Function &F) {
    if (hasWideVector(F.getReturnType()) ||
        any_of(F.args(), [](const Argument &A) { return hasWideVector(A.getType()); }))
        return false;
    return none_of(instructions(F), [](const Instruction &I) {
        auto *Call = dyn_cast<CallBase>(&I);
        return isTargetIntrinsic(I) ||
               (Call && (hasWideVector(Call->getType()) ||
                         any_of(Call->args(), [](const Use &A) { return hasWideVector(A->getType()); })));
    });
}

// A processor's name stands for features too.
void resetFeatures(Function &F) {
    StringRef Features = F.getFnAttribute("target-features").getValueAsString();
    StringRef Processor = F.getFnAttribute("target-cpu").getValueAsString();
    if (Features.empty() && (Processor.empty() || Processor == "x86-64"))
        return; /* those of the command line */
    std::string Wanted = Features.str();
    auto Append = [&](StringRef More) { Wanted += (Wanted.empty() ? "" : ",") + More.str(); };
    if (!Features.contains("+slow-two-mem-ops"))
        Append("+slow-two-mem-ops");
    bool FromClang = Features.contains("-avx512f") && !Features.contains("+avx512");
    if (!FromClang && canLoseFeatures(F))
        Append(RefusedFeatures);
    if (Wanted != Features)
        F.addFnAttr("target-features", Wanted);
}

// -fno-jump-tables is an attribute that clang's front end sets. For IR the driver says the same with an
// option of the code generator.
bool hasNoJumpTables() {
    auto &Options = cl::getRegisteredOptions();
    auto Found = Options.find("min-jump-table-entries");
    return Found != Options.end() && static_cast<cl::opt<unsigned> *>(Found->second)->getValue() == UINT_MAX;
}

void resetFunction(Function &F, bool NoJumpTables) {
    F.removeFnAttr(Attribute::NonLazyBind);
    if (F.isDeclaration())
        return;
    F.removeFnAttr("probe-stack");
    F.removeFnAttr("stack-probe-size");
    F.removeFnAttr("split-stack");
    F.removeFnAttr(Attribute::NoCfCheck);
    F.addFnAttr("indirect-tls-seg-refs");
    if (NoJumpTables)
        F.addFnAttr("no-jump-tables", "true");
    resetFeatures(F);
    for (Instruction &I : instructions(F))
        if (auto *Call = dyn_cast<CallBase>(&I)) {
            Call->removeFnAttr(Attribute::NonLazyBind);
            Call->removeFnAttr(Attribute::NoCfCheck);
        }
}

// Another object's variable is where that object is, and code is near.
void resetVariable(GlobalVariable &Variable) {
    if (Variable.isDeclaration() && Variable.hasDefaultVisibility())
        Variable.setDSOLocal(false);
    if (Variable.getCodeModel())
        Variable.clearCodeModel();
}

} // namespace

void orc::resetFrontEnd(Module &M) {
    bool NoJumpTables = hasNoJumpTables();
    resetModuleFlags(M);
    for (Function &F : M)
        resetFunction(F, NoJumpTables);
    for (GlobalVariable &Variable : M.globals())
        resetVariable(Variable);
}
