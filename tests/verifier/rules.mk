# The corpora and the malformed files, each against the hardened and the sanitised program.
define verifier_script
$(BUILD)/tests/verifier-$(1)-$(2): tests/verifier/$(3) $(BUILD)/$(2)/orc ; @mkdir -p $$(@D) && printf '#!/bin/sh\nexec python3 tests/verifier/$(3) $(BUILD)/$(2)/orc\n' > $$@ && chmod +x $$@
TESTS += $(BUILD)/tests/verifier-$(1)-$(2)
TEST_PROGRAMS += $(BUILD)/tests/verifier-$(1)-$(2)
endef
$(foreach twin,bin san,$(eval $(call verifier_script,corpus,$(twin),run.py)))
$(foreach twin,bin san,$(eval $(call verifier_script,files,$(twin),files.py)))
$(eval $(call unit_test,verifier-api,tests/verifier/test_api.c $(VERIFIER_SRCS),$(VERIFIER_LIBS)))

# Fuzzer (a). It lives in tests/fuzz/verifier.
VERIFIER_FUZZ_SRCS := $(addprefix tests/fuzz/verifier/,fuzz_verifier.c mutator.c second_decoder.c) $(VERIFIER_SRCS)
$(BUILD)/fuzz/verifier: $(VERIFIER_FUZZ_SRCS) $(wildcard tests/fuzz/verifier/*.h trusted/verifier/*.h trusted/verifier/*.inc)
	@mkdir -p $(@D) && echo "  FUZZ $@"
	@$(HOST_CC) $(HOST_CPPFLAGS) -isystem $$($(LLVM_CONFIG) --includedir) $(SAN_CFLAGS) -O2 -fsanitize=fuzzer,address,undefined \
		-o $@ $(VERIFIER_FUZZ_SRCS) $(VERIFIER_LIBS) $$($(LLVM_CONFIG) --ldflags) -lLLVM-$(LLVM)
$(BUILD)/tests/fuzz-verifier: $(BUILD)/fuzz/verifier tests/fuzz/verifier/run.sh
	@mkdir -p $(@D) && printf '#!/bin/sh\nexec tests/fuzz/verifier/run.sh $(BUILD)/fuzz/verifier\n' > $@ && chmod +x $@
TESTS += $(BUILD)/tests/fuzz-verifier
TEST_PROGRAMS += $(BUILD)/tests/fuzz-verifier
$(eval $(call unit_test,verifier-shape,tests/verifier/test_shape.c $(VERIFIER_SRCS),$(VERIFIER_LIBS)))
