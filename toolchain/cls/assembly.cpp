// Assembly in C sources that names a variable, or takes its address as a constant: it would get the linked
// address, where the variable isn't. An operand of the kinds "m" and "r" gets the address that counts.
#include "cls.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"

using namespace llvm;

namespace {

constexpr StringLiteral Advice =
    "-fcls=relocatable: pass the variable's address in a register (\"r\") or as a memory operand (\"m\")";

bool isNameCharacter(char C) {
    return isAlnum(C) || C == '_' || C == '.' || C == '$';
}

// The variable that an instruction of `Text` names. Directives may: what they put into data, ld.so relocates.
const GlobalVariable *findNamed(const Module &M, const orc::VariableSet &Variables, StringRef Text) {
    SmallVector<StringRef, 8> Lines;
    SplitString(Text, Lines, "\n;");
    for (StringRef Line : Lines) {
        Line = Line.split('#').first.trim();
        if (Line.starts_with("."))
            continue;
        while (!Line.empty()) {
            StringRef Name = Line.take_while(isNameCharacter);
            if (const GlobalVariable *Found = Name.empty() ? nullptr : M.getGlobalVariable(Name, true);
                Found && Variables.contains(const_cast<GlobalVariable *>(Found)))
                return Found;
            Line = Line.drop_front(std::max<size_t>(Name.size(), 1));
        }
    }
    return nullptr;
}

bool isConstantOnly(const InlineAsm::ConstraintInfo &Operand) {
    static const StringRef Kinds[] = {"i", "s", "n", "e", "Z", "Ws"};
    return !Operand.isIndirect && !Operand.Codes.empty() &&
           all_of(Operand.Codes, [](const std::string &Code) { return is_contained(Kinds, Code); });
}

// The variable whose address is part of a constant operand.
const GlobalVariable *findVariable(const Value *V) {
    if (const auto *Variable = dyn_cast<GlobalVariable>(V))
        return Variable->isConstant() || Variable->isThreadLocal() ? nullptr : Variable;
    if (const auto *Expression = dyn_cast<ConstantExpr>(V))
        for (const Use &Part : Expression->operands())
            if (const GlobalVariable *Found = findVariable(Part))
                return Found;
    return nullptr;
}

void refuse(const CallBase &Call, const Twine &What) {
    Call.getContext().diagnose(DiagnosticInfoUnsupported(*Call.getFunction(), What, Call.getDebugLoc()));
}

void checkStatement(const CallBase &Call, const InlineAsm &Assembly, const orc::VariableSet &Variables) {
    if (const GlobalVariable *Named = findNamed(*Call.getModule(), Variables, Assembly.getAsmString()))
        refuse(Call, "assembly that names the variable '" + Named->getName() + "'; " + Advice);
    unsigned Argument = 0;
    for (const InlineAsm::ConstraintInfo &Operand : Assembly.ParseConstraints()) {
        if (!Operand.hasArg())
            continue;
        if (isConstantOnly(Operand))
            if (const GlobalVariable *Found = findVariable(Call.getArgOperand(Argument)))
                refuse(Call, "assembly with the address of the variable '" + Found->getName() +
                                 "' as a constant; " + Advice);
        Argument++;
    }
}

} // namespace

void orc::refuseAssembly(Module &M, const VariableSet &Variables) {
    if (const GlobalVariable *Named = findNamed(M, Variables, M.getModuleInlineAsm()))
        M.getContext().emitError("assembly outside of functions names the variable '" + Named->getName() +
                                 "', which has no fixed address with -fcls=relocatable");
    for (Function &F : M)
        for (Instruction &I : instructions(F))
            if (auto *Call = dyn_cast<CallBase>(&I))
                if (auto *Assembly = dyn_cast<InlineAsm>(Call->getCalledOperand()))
                    checkStatement(*Call, *Assembly, Variables);
}
