# The orc command.
ORC_SRCS := cli/orc.c cli/verify.c cli/text_report.c cli/file_bytes.c cli/object_file.c $(wildcard cli/bare.c) \
	toolchain/common/object_hash.c $(VERIFIER_SRCS) $(if $(wildcard cli/bare.c),$(INTRAVISOR_SRCS))
$(eval $(call program,orc,$(ORC_SRCS),$(VERIFIER_LIBS) -lsodium -lpthread))
