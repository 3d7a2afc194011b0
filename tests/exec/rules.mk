# Programs and libraries in a compartment against the same ones natively, with an unaltered C library.
$(eval $(call guest_test,exec,tests/exec/run.py))
$(eval $(call guest_test,ports,tests/ports/run.py))
$(eval $(call guest_test,fuzz-csmith,tests/fuzz/csmith/run.py))
