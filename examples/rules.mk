# The embedding example.
$(eval $(call program,tenants,examples/tenants.c $(OBJECT_FILE_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS),$(VERIFIER_LIBS) -lsodium -lpthread))
PROGRAMS += $(BUILD)/examples/counter.so
$(BUILD)/examples/counter.so: examples/counter.c $(BUILD)/bin/orc-cc $(BUILD)/bin/orc-sfi $(BUILD)/bin/orc-ld $(BUILD)/lib/orc/orc-pass.so $(BUILD)/lib/orc/object.ld
	@mkdir -p $(@D) && echo "  ORC  $@" && $(BUILD)/bin/orc-cc -O2 -nostdlib -o $@ $<
# Calls into compartments: build/bin/call build/examples/functions
$(eval $(call program,call,examples/call.c $(EMBED_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS),$(VERIFIER_LIBS) $(INTRAVISOR_LIBS) -lpthread))
PROGRAMS += $(BUILD)/examples/functions
$(BUILD)/examples/functions: examples/functions.c $(GUEST_READY)
	@mkdir -p $(@D) && echo "  ORC  $@" && $(BUILD)/bin/orc-cc -O2 -rdynamic -o $@ $<
