// The plugin that orc-cc loads for -fcls=relocatable, ahead of orc-pass.so.
#include "cls.h"

#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Plugins/PassPlugin.h"

using namespace llvm;

namespace {

struct RelocatablePass : PassInfoMixin<RelocatablePass> {
    PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
        return orc::makeRelocatable(M) ? PreservedAnalyses::none() : PreservedAnalyses::all();
    }
    static bool isRequired() {
        return true;
    }
};

void addPasses(PassBuilder &Builder) {
    Builder.registerOptimizerLastEPCallback([](ModulePassManager &Passes, OptimizationLevel,
                                               ThinOrFullLTOPhase) { Passes.addPass(RelocatablePass()); });
    Builder.registerPipelineParsingCallback(
        [](StringRef Name, ModulePassManager &Passes, ArrayRef<PassBuilder::PipelineElement>) {
            if (Name != "orc-cls")
                return false;
            Passes.addPass(RelocatablePass());
            return true;
        });
}

} // namespace

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT PassPluginLibraryInfo llvmGetPassPluginInfo() {
    return {LLVM_PLUGIN_API_VERSION, "orc-cls", "1", addPasses};
}
