# The orc command.
ORC_SRCS := $(sort $(wildcard cli/*.c)) $(EMBED_SRCS) $(VERIFIER_SRCS) $(INTRAVISOR_SRCS)
ORC_LIBS := $(VERIFIER_LIBS) $(INTRAVISOR_LIBS) $(HOSTCALLS_ORDER) -lpthread
$(eval $(call program,orc,$(ORC_SRCS),$(ORC_LIBS)))
$(BUILD)/bin/orc $(BUILD)/san/orc: trusted/hostcalls.order
