# Whole packages, unmodified, with their own suites: `make package-NAME`, `make check-packages` for all..
PACKAGES := $(patsubst tests/packages/%/recipe,%,$(wildcard tests/packages/*/recipe))
# Those that take half a minute are part of make check.
TESTS += $(patsubst %,$(BUILD)/tests/package-%,zlib duktape dnsmasq)
TEST_PROGRAMS += $(patsubst %,$(BUILD)/tests/package-%,zlib duktape dnsmasq)
.PHONY: check-packages $(PACKAGES:%=package-%)
$(PACKAGES:%=$(BUILD)/tests/package-%): $(BUILD)/tests/package-%: tests/packages/run tests/packages/%/recipe $(GUEST_READY)
	@mkdir -p $(@D) && printf '#!/bin/sh\nBUILD=%s exec tests/packages/run %s\n' '$(BUILD)' $* >$@ && chmod +x $@
$(PACKAGES:%=package-%): package-%: $(BUILD)/tests/package-%
	@prove --timer -v $<
check-packages: $(PACKAGES:%=$(BUILD)/tests/package-%)
	@prove --timer $^
