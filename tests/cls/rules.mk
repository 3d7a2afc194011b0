# Compartment-local storage in both models.
$(eval $(call guest_test,cls,tests/cls/run.py))
