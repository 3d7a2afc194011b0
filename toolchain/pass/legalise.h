// What the project's pass does to each function before code generation. Each step returns whether it changed
// anything and reports what it can't do as a diagnostic at the source location.
#ifndef ORC_PASS_LEGALISE_H
#define ORC_PASS_LEGALISE_H

#include "llvm/IR/Function.h"

namespace orc {

// Dynamic allocas and variable-length arrays move to the thread's dynamic stack.
bool legaliseDynamicAllocas(llvm::Function &F);

// Locals and by-value arguments that want more than the stack's 16 bytes of alignment.
bool legaliseAlignment(llvm::Function &F);

// llvm.frameaddress and its kin, frame-pointer attributes.
bool legaliseFrameQueries(llvm::Function &F);

// Atomic bit operations that would become `lock bts` with a register.
bool legaliseAtomicBits(llvm::Function &F);

// Gathers and maskmovdqu.
bool legaliseMaskedMemory(llvm::Function &F);

// Tables for computed gotos, or room for the guarded jump.
bool prepareIndirectBranches(llvm::Function &F);

// Module flags and attributes as orc-cc's clang sets them, whatever front end made the module.
void resetFrontEnd(llvm::Module &M);

// `ifunc` becomes a function that asks the resolver once.
void lowerIndirectFunctions(llvm::Module &M);

// A compile error at the instruction's place in the source.
void reportUnsupported(const llvm::Instruction &I, const llvm::Twine &What);

} // namespace orc

#endif
