# Files, sockets and events of guests, compared with the host's.
$(eval $(call guest_test,libos,tests/libos/run.py))
