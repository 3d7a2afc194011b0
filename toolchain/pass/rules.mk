# The LLVM pass plugin. It has LLVM's own flags: it lives inside clang.
PASS_SOURCES := $(addprefix toolchain/pass/,plugin.cpp front_end.cpp indirect_function.cpp dynamic_stack.cpp alignment.cpp frame.cpp atomics.cpp masked_memory.cpp indirect_branch.cpp)
PASS_OBJECTS := $(PASS_SOURCES:%=$(BUILD)/obj/%.o)
PROGRAMS += $(BUILD)/lib/orc/orc-pass.so
DEPFILES += $(PASS_OBJECTS:.o=.d)

$(BUILD)/obj/toolchain/pass/%.cpp.o: toolchain/pass/%.cpp
	@mkdir -p $(@D) && echo "  CXX  $<"
	@$(HOST_CXX) $$($(LLVM_CONFIG) --cxxflags) -O1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -fno-rtti -fno-exceptions \
		-Wall -Wextra -Werror -Wno-unused-parameter -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(BUILD)/lib/orc/orc-pass.so: $(PASS_OBJECTS)
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CXX) -shared -fuse-ld=lld -o $@ $^
