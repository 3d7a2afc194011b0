// The pass of -fcls=relocatable, a plugin of its own: an object's writable variables, its compartment-local
// storage (CLS), may stand anywhere in a slot. A reference to a variable becomes its linked address plus the
// object's displacement in this compartment, one word that ld.so sets. It runs behind the optimiser, which so
// treats variables as it always does.
//
//   defined here, and the linker can't choose another definition   linked address + displacement
//   everything else that may be a variable of this model           an address that ld.so fills in: the entry
//   of the global
//                                                                  offset table, or a cell of ours for a
//                                                                  hidden symbol
//   variable with a section of its own (__attribute__((section)))  stays at its linked address
//   constant that holds the address of a variable                  becomes a variable; ld.so relocates it
#include "cls.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/GlobalAlias.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/ReplaceConstant.h"

using namespace llvm;

namespace {

constexpr StringLiteral DisplacementName = "__orc_cls_displacement";
constexpr StringLiteral DisplacementSection = ".cls.displacement";
constexpr StringLiteral CellSection = ".cls.addresses";
constexpr StringLiteral DataSection = ".cls.data.";
// LLVM makes sections of this prefix NOBITS, and nothing else uses it; object.ld puts them into .cls.bss.
constexpr StringLiteral ZeroSection = ".llvm.linkonce.b.cls.";

// A definition that may move to the CLS.
bool isMovable(const GlobalVariable &Variable) {
    return !Variable.isDeclarationForLinker() && !Variable.isThreadLocal() && !Variable.hasSection() &&
           !Variable.hasImplicitSection() && !Variable.hasCommonLinkage() &&
           !Variable.hasAppendingLinkage() && !Variable.getName().starts_with("llvm.");
}

class Model {
  public:
    explicit Model(Module &M) : M(M) {
    }

    bool run() {
        for (GlobalVariable &Variable : M.globals())
            if (isMovable(Variable) && !Variable.isConstant())
                Variables.insert(&Variable);
        addConstants();
        orc::refuseAssembly(M, Variables);
        chooseReferences();
        for (GlobalVariable *Variable : Variables)
            move(*Variable);
        SmallVector<Constant *, 32> Targets(Rewritten.begin(), Rewritten.end());
        convertUsersOfConstantsToInstructions(Targets);
        for (Function &F : M)
            if (!F.isDeclaration())
                rewrite(F);
        return true;
    }

  private:
    Module &M;
    orc::VariableSet Variables;                      // the CLS of this module
    SetVector<GlobalValue *> Rewritten;              // referred to otherwise than by their linked address
    DenseMap<GlobalValue *, GlobalVariable *> Cells; // of those that the linker chooses
    GlobalVariable *Displacement = nullptr;

    // Whether the address of something that may stand in a CLS is part of `C`.
    bool holdsVariable(const Constant *C, SmallPtrSetImpl<const Constant *> &Seen) const {
        if (!Seen.insert(C).second)
            return false;
        if (const auto *Variable = dyn_cast<GlobalVariable>(C))
            return !Variable->isThreadLocal() &&
                   (Variables.contains(const_cast<GlobalVariable *>(Variable)) ||
                    (!Variable->isConstant() &&
                     (Variable->isDeclarationForLinker() || Variable->hasCommonLinkage())));
        if (const auto *Alias = dyn_cast<GlobalAlias>(C))
            return holdsVariable(Alias->getAliasee(), Seen);
        if (isa<GlobalValue>(C) || isa<BlockAddress>(C))
            return false;
        return any_of(C->operands(),
                      [&](const Use &Part) { return holdsVariable(cast<Constant>(Part), Seen); });
    }

    // Constants that hold variables' addresses, those that hold the addresses of such constants, and so on.
    void addConstants() {
        for (bool Changed = true; Changed;) {
            Changed = false;
            for (GlobalVariable &Constant : M.globals()) {
                SmallPtrSet<const llvm::Constant *, 32> Seen;
                if (!isMovable(Constant) || Variables.contains(&Constant) ||
                    !holdsVariable(Constant.getInitializer(), Seen))
                    continue;
                Variables.insert(&Constant);
                Changed = true;
            }
        }
    }

    void move(GlobalVariable &Variable) {
        Variable.setConstant(false);
        if (!Variable.hasName())
            Variable.setName("unnamed");
        StringRef Prefix = Variable.getInitializer()->isNullValue() ? ZeroSection : DataSection;
        Variable.setSection((Prefix + Variable.getName()).str());
    }

    // Whether the linker decides which definition counts.
    static bool isOpen(const GlobalValue &Value) {
        return Value.isDeclarationForLinker() || Value.hasCommonLinkage() || Value.isWeakForLinker();
    }

    void chooseReference(GlobalValue &Value, bool IsInCls) {
        if (Value.use_empty() || Value.getName().starts_with("llvm."))
            return;
        bool IsLocal = Value.isDSOLocal() || Value.hasLocalLinkage();
        if (!isOpen(Value)) {
            if (IsInCls && IsLocal)
                Rewritten.insert(&Value);
        } else if (Value.hasDefaultVisibility()) {
            Value.setDSOLocal(false); // through the global offset table
        } else {
            Rewritten.insert(&Value);
            Cells[&Value] = nullptr;
        }
    }

    void chooseReferences() {
        for (GlobalVariable &Variable : M.globals())
            if (!Variable.isThreadLocal())
                chooseReference(Variable, Variables.contains(&Variable));
        for (GlobalAlias &Alias : M.aliases())
            if (auto *Base = dyn_cast_or_null<GlobalVariable>(Alias.getAliaseeObject());
                Base && !Base->isThreadLocal())
                chooseReference(Alias, Variables.contains(Base));
    }

    GlobalVariable *displacement() {
        if (Displacement)
            return Displacement;
        Type *Word = Type::getInt64Ty(M.getContext());
        Displacement = new GlobalVariable(M, Word, false, GlobalValue::WeakODRLinkage,
                                          ConstantInt::get(Word, 0), DisplacementName);
        Displacement->setVisibility(GlobalValue::HiddenVisibility);
        Displacement->setSection(DisplacementSection);
        Displacement->setAlignment(Align(8));
        Displacement->setComdat(M.getOrInsertComdat(DisplacementName));
        return Displacement;
    }

    GlobalVariable *cell(GlobalValue *Value) {
        GlobalVariable *&Cell = Cells[Value];
        if (!Cell) {
            Cell = new GlobalVariable(M, Value->getType(), false, GlobalValue::InternalLinkage, Value,
                                      Value->getName() + ".address");
            Cell->setSection(CellSection);
        }
        return Cell;
    }

    static Value *loadOnce(IRBuilder<> &Builder, Type *T, GlobalVariable *Place, const Twine &Name) {
        LoadInst *Load = Builder.CreateAlignedLoad(T, Place, Align(8), Name);
        Load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(Place->getContext(), {}));
        return Load;
    }

    // The addresses that one function takes, at most one computation in a block.
    struct Addresses {
        DenseMap<std::pair<BasicBlock *, GlobalValue *>, Value *> Known;
        PHINode *Placeholder = nullptr;       // stands for the displacement until all its uses are known
        SmallVector<Instruction *, 16> First; // where each computation begins
    };

    // `g` + displacement, or what its cell holds, computed before `Where`. Integers hide from alias analysis
    // that the address isn't inside `g`.
    Value *address(GlobalValue *Target, Instruction *Where, Addresses &Context) {
        Value *&Known = Context.Known[{Where->getParent(), Target}];
        if (Known)
            return Known;
        IRBuilder<> Builder(Where);
        Builder.SetCurrentDebugLocation(Where->getDebugLoc());
        if (Cells.contains(Target))
            return Known = loadOnce(Builder, Target->getType(), cell(Target), Target->getName() + ".here");
        if (!Context.Placeholder)
            Context.Placeholder = PHINode::Create(Builder.getInt64Ty(), 0, "cls");
        Value *Linked = Builder.CreatePtrToInt(Target, Builder.getInt64Ty());
        auto *Sum = cast<Instruction>(Builder.CreateAdd(Context.Placeholder, Linked));
        Context.First.push_back(Sum);
        return Known = Builder.CreateIntToPtr(Sum, Target->getType(), Target->getName() + ".here");
    }

    void rewriteOperands(Instruction &I, Addresses &Context) {
        auto *Phi = dyn_cast<PHINode>(&I);
        for (Use &Operand : I.operands()) {
            auto *Target = dyn_cast<GlobalValue>(Operand.get());
            if (Target && Rewritten.contains(Target))
                Operand.set(
                    address(Target, Phi ? Phi->getIncomingBlock(Operand)->getTerminator() : &I, Context));
        }
    }

    // One load of the displacement for a function: where it dominates every use, outside of loops.
    void placeDisplacement(Addresses &Context, DominatorTree &Dominators) {
        LoopInfo Loops(Dominators);
        BasicBlock *Block = nullptr;
        for (Instruction *Use : Context.First)
            Block = Block ? Dominators.findNearestCommonDominator(Block, Use->getParent()) : Use->getParent();
        while (Loop *Around = Loops.getLoopFor(Block))
            Block = Dominators.getNode(Around->getHeader())->getIDom()->getBlock();
        Instruction *Where = Block->getTerminator();
        for (Instruction *Use : Context.First)
            if (Use->getParent() == Block && Use->comesBefore(Where))
                Where = Use;
        IRBuilder<> Builder(Where);
        Context.Placeholder->replaceAllUsesWith(
            loadOnce(Builder, Builder.getInt64Ty(), displacement(), "cls"));
        Context.Placeholder->deleteValue();
    }

    void rewrite(Function &F) {
        DominatorTree Dominators(F);
        Addresses Context;
        SmallVector<Instruction *, 0> Ordinary, Phis;
        for (BasicBlock &Block : F)
            if (Dominators.isReachableFromEntry(&Block))
                for (Instruction &I : Block)
                    (isa<PHINode>(I) ? Phis : Ordinary).push_back(&I);
        for (Instruction *I : Ordinary)
            rewriteOperands(*I, Context);
        for (Instruction *I : Phis)
            rewriteOperands(*I, Context);
        if (Context.Placeholder)
            placeDisplacement(Context, Dominators);
    }
};

} // namespace

bool orc::makeRelocatable(Module &M) {
    return Model(M).run();
}
