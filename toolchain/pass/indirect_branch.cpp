// Computed gotos. A constant table of labels moves to where the verifier knows jump tables: a jump through it
// needs no guard as long as its index is bounded, which the rewriter sees to. Where there's no such table,
// the jump is guarded and takes %r10 and %r11. Unlike at calls, these are live there as a rule: an empty
// assembly statement that clobbers them keeps the register allocator away.
#include "legalise.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

namespace {

bool isLabelTable(const GlobalVariable &Table) {
    if (!Table.isConstant() || !Table.hasLocalLinkage() || !Table.hasInitializer() || Table.isThreadLocal())
        return false;
    const auto *Labels = dyn_cast<ConstantArray>(Table.getInitializer());
    return Labels && all_of(Labels->operands(), [](const Use &Label) { return isa<BlockAddress>(Label); });
}

// Whether `Label` stands in such a table, which then has its place.
bool moveTables(BlockAddress *Label) {
    bool Found = false;
    for (User *Array : Label->users())
        for (User *Holder : Array->users()) {
            auto *Table = dyn_cast<GlobalVariable>(Holder);
            if (!Table || !isLabelTable(*Table))
                continue;
            Found = true;
            // An explicit alignment, since one table stands right behind the other.
            Table->setAlignment(Align(8));
            if (!Table->hasSection())
                Table->setSection((".jump_tables." + Table->getName()).str());
        }
    return Found;
}

void reserveRegisters(IndirectBrInst *Branch) {
    IRBuilder<> Builder(Branch);
    FunctionType *Type = FunctionType::get(Builder.getVoidTy(), false);
    Builder.CreateCall(InlineAsm::get(Type, "", "~{r10},~{r11}", true));
}

} // namespace

bool orc::prepareIndirectBranches(Function &F) {
    SmallVector<IndirectBrInst *, 4> Branches;
    bool HasTable = false;
    // -fno-jump-tables is also how orc-cc asks for code that leaves registers to guards.
    bool MayHaveTables = !F.hasFnAttribute("no-jump-tables");
    for (BasicBlock &Block : F) {
        if (auto *Branch = dyn_cast<IndirectBrInst>(Block.getTerminator()))
            Branches.push_back(Branch);
        if (BlockAddress *Label = BlockAddress::lookup(&Block); Label && MayHaveTables)
            HasTable |= moveTables(Label);
    }
    if (!HasTable)
        for (IndirectBrInst *Branch : Branches)
            reserveRegisters(Branch);
    return HasTable || !Branches.empty();
}
