# nasm's assembly in compartments.
$(eval $(call guest_test,nasm,tests/nasm/run.py))
