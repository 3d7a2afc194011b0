# The C library, dynamic linker, threads and signals of guests.
$(eval $(call guest_test,guest,tests/guest/tap.sh))
