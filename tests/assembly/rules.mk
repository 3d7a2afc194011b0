# Hand-written assembly in compartments.
$(eval $(call guest_test,assembly,tests/assembly/run.py))
$(BUILD)/tests/assembly: $(BUILD)/bin/orc-lift $(BUILD)/san/orc-lift
