// Indirect functions (`ifunc`, `target_clones`). Their resolver would have to run before the object's import
// table is filled, which the loader does for all of a host's compartments alike. So the symbol becomes a
// function that asks the resolver at its first call, keeps the answer in a variable and jumps there.
#include "legalise.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

GlobalVariable *createAnswer(Module &M, const GlobalIFunc &Indirect) {
    PointerType *Pointer = PointerType::get(M.getContext(), 0);
    return new GlobalVariable(M, Pointer, false, GlobalValue::InternalLinkage,
                              Constant::getNullValue(Pointer), Indirect.getName() + ".resolved");
}

// A function that passes on whatever it is called with: that of a `musttail` call with variable arguments.
Function *createForwarder(Module &M, const GlobalIFunc &Indirect) {
    auto *Type = FunctionType::get(llvm::Type::getVoidTy(M.getContext()), true);
    Function *F = Function::Create(Type, Indirect.getLinkage(), "", M);
    F->setVisibility(Indirect.getVisibility());
    F->setDSOLocal(Indirect.isDSOLocal());
    F->setUnnamedAddr(Indirect.getUnnamedAddr());
    F->addFnAttr(Attribute::NoUnwind);
    F->addFnAttr(Attribute::NoInline);
    return F;
}

void fillForwarder(Function *F, GlobalVariable *Answer, Constant *Resolver) {
    LLVMContext &Context = F->getContext();
    Type *Pointer = Answer->getValueType();
    BasicBlock *Entry = BasicBlock::Create(Context, "entry", F), *Ask = BasicBlock::Create(Context, "ask", F),
               *Go = BasicBlock::Create(Context, "go", F);
    IRBuilder<> Builder(Entry);
    LoadInst *Known = Builder.CreateAlignedLoad(Pointer, Answer, Align(8));
    Known->setAtomic(AtomicOrdering::Monotonic);
    Builder.CreateCondBr(Builder.CreateIsNull(Known), Ask, Go);
    Builder.SetInsertPoint(Ask);
    Value *Asked = Builder.CreateCall(FunctionType::get(Pointer, false), Resolver);
    Builder.CreateAlignedStore(Asked, Answer, Align(8))->setAtomic(AtomicOrdering::Monotonic);
    Builder.CreateBr(Go);
    Builder.SetInsertPoint(Go);
    PHINode *Target = Builder.CreatePHI(Pointer, 2);
    Target->addIncoming(Known, Entry);
    Target->addIncoming(Asked, Ask);
    Builder.CreateCall(F->getFunctionType(), Target)->setTailCallKind(CallInst::TCK_MustTail);
    Builder.CreateRetVoid();
}

} // namespace

void orc::lowerIndirectFunctions(Module &M) {
    for (GlobalIFunc &Indirect : make_early_inc_range(M.ifuncs())) {
        Constant *Resolver = Indirect.getResolver();
        Function *F = createForwarder(M, Indirect);
        GlobalVariable *Answer = createAnswer(M, Indirect);
        Indirect.replaceAllUsesWith(F);
        F->takeName(&Indirect);
        Indirect.eraseFromParent();
        fillForwarder(F, Answer, Resolver);
    }
}
