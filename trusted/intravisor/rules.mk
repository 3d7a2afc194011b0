# The Intravisor with its hostcalls. Whoever links it adds $(VERIFIER_LIBS) and $(INTRAVISOR_LIBS).
HOSTCALL_SRCS := $(addprefix trusted/hostcalls/, clocks.c control.c events.c files.c handles.c memory.c network.c notify.c \
	objects.c socket_options.c sockets.c table.c threads.c xattr.c)
INTRAVISOR_SRCS := $(addprefix trusted/intravisor/, arena.c capability.c cell.c compartment.c crossing.S dormant.c error.c fault.c floats.c \
	grant.c guest_memory.c import_table.c interrupt.c life.c memory.c memory_map.c object.c object_check.c \
	object_hash.c statistics.c store.c thread.c thread_region.c upcall.c worker.c zygote.c) $(HOSTCALL_SRCS) tests/sanitizer.c
INTRAVISOR_LIBS := -lsodium -lpthread

# A program that links it lays it out by trusted/hostcalls.order, as bin/orc does.
$(INTRAVISOR_SRCS:%=$(BUILD)/obj/%.o): HOST_CFLAGS += -ffunction-sections
HOSTCALLS_ORDER := -Wl,--symbol-ordering-file=trusted/hostcalls.order -Wl,--no-warn-symbol-ordering
