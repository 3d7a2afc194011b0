// The pass plugin of orc-cc: after it no function needs a frame pointer, so that %rbp can be the data stack
// pointer.
#include "legalise.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Plugins/PassPlugin.h"

using namespace llvm;

void orc::reportUnsupported(const Instruction &I, const Twine &What) {
    const Function &F = *I.getFunction();
    F.getContext().diagnose(DiagnosticInfoUnsupported(F, What, I.getDebugLoc()));
}

namespace {

struct LegalisePass : PassInfoMixin<LegalisePass> {
    PreservedAnalyses run(Function &F, FunctionAnalysisManager &) {
        bool Changed = orc::legaliseFrameQueries(F);
        Changed |= orc::legaliseDynamicAllocas(F);
        Changed |= orc::legaliseAlignment(F);
        Changed |= orc::legaliseAtomicBits(F);
        Changed |= orc::legaliseMaskedMemory(F);
        Changed |= orc::prepareIndirectBranches(F);
        return Changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
    }
    // At -O0 every function is marked optnone; this isn't an optimisation.
    static bool isRequired() {
        return true;
    }
};

struct ModulePass : PassInfoMixin<ModulePass> {
    PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
        orc::resetFrontEnd(M);
        orc::lowerIndirectFunctions(M);
        return PreservedAnalyses::none();
    }
    static bool isRequired() {
        return true;
    }
};

void addPasses(PassBuilder &Builder) {
    Builder.registerPipelineStartEPCallback(
        [](ModulePassManager &Passes, OptimizationLevel) { Passes.addPass(ModulePass()); });
    Builder.registerOptimizerLastEPCallback(
        [](ModulePassManager &Passes, OptimizationLevel, ThinOrFullLTOPhase) {
            Passes.addPass(createModuleToFunctionPassAdaptor(LegalisePass()));
        });
    Builder.registerPipelineParsingCallback(
        [](StringRef Name, FunctionPassManager &Passes, ArrayRef<PassBuilder::PipelineElement>) {
            if (Name != "orc-legalise")
                return false;
            Passes.addPass(LegalisePass());
            return true;
        });
}

} // namespace

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT PassPluginLibraryInfo llvmGetPassPluginInfo() {
    return {LLVM_PLUGIN_API_VERSION, "orc-pass", "1", addPasses};
}
