# The plugin of -fcls=relocatable, compiled like the other one (toolchain/pass).
CLS_OBJECTS := $(patsubst %,$(BUILD)/obj/toolchain/cls/%.cpp.o,plugin cls assembly)
PROGRAMS += $(BUILD)/lib/orc/orc-cls.so
DEPFILES += $(CLS_OBJECTS:.o=.d)

$(BUILD)/obj/toolchain/cls/%.cpp.o: toolchain/cls/%.cpp
	@mkdir -p $(@D) && echo "  CXX  $<"
	@$(HOST_CXX) $$($(LLVM_CONFIG) --cxxflags) -O1 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -fno-rtti -fno-exceptions \
		-Wall -Wextra -Werror -Wno-unused-parameter -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(BUILD)/lib/orc/orc-cls.so: $(CLS_OBJECTS)
	@mkdir -p $(@D) && echo "  LINK $@" && $(HOST_CXX) -shared -fuse-ld=lld -o $@ $^
