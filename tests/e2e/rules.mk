# The orc command from the outside, with guests that orc-cc compiles.
# $(call e2e_test,NAME,SCRIPT,bin or san)
define e2e_test
$(BUILD)/tests/e2e-$(1).sh: tests/e2e/$(2).sh tests/e2e/check.sh tests/e2e/guest.c tests/e2e/executed.c $$(PROGRAMS) $(BUILD)/$(3)/orc
	@mkdir -p $$(@D) && sed -e '/^\. tests\/e2e\/check.sh/{r tests/e2e/check.sh' -e 'd}' $$< | sed 's|@BUILD@|$(BUILD)|; s|@VARIANT@|$(3)|' > $$@ && chmod +x $$@
TESTS += $(BUILD)/tests/e2e-$(1).sh
TEST_PROGRAMS += $(BUILD)/tests/e2e-$(1).sh
endef
$(eval $(call e2e_test,orc-run,orc_run,bin))
$(eval $(call e2e_test,orc-run-san,orc_run,san))
$(eval $(call e2e_test,orc-cell,orc_cell,bin))
$(eval $(call e2e_test,orc-cell-san,orc_cell,san))
$(eval $(call e2e_test,orc-ps,orc_ps,bin))
$(eval $(call e2e_test,orc-ps-san,orc_ps,san))
$(eval $(call e2e_test,ld-orc,ld_orc,bin))
$(eval $(call e2e_test,ld-orc-san,ld_orc,san))
$(eval $(call e2e_test,man-pages,man_pages,bin))
$(BUILD)/tests/e2e-terminal.py: tests/e2e/terminal.py tests/e2e/guest.c $(PROGRAMS)
	@mkdir -p $(@D) && sed 's|@BUILD@|$(BUILD)|' $< > $@ && chmod +x $@
TESTS += $(BUILD)/tests/e2e-terminal.py
TEST_PROGRAMS += $(BUILD)/tests/e2e-terminal.py

# The command's own parts.
$(eval $(call unit_test,cli,tests/unit/test_cli.c cli/text.c cli/network_option.c cli/cell_report.c cli/program_file.c))
