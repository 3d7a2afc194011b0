// The relocatable model of compartment-local storage, as a pass over a module.
#ifndef ORC_CLS_CLS_H
#define ORC_CLS_CLS_H

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

namespace orc {

using VariableSet = llvm::SetVector<llvm::GlobalVariable *>;

// Moves the module's variables to the CLS and rewrites every reference.
bool makeRelocatable(llvm::Module &M);

// Assembly that takes a variable's linked address would miss the variable: compile errors, with the place.
void refuseAssembly(llvm::Module &M, const VariableSet &Variables);

} // namespace orc

#endif
