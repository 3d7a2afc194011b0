INTRAVISOR_SRCS := $(addprefix trusted/intravisor/, cell.c compartment.c crossing.S error.c fault.c guest_memory.c \
	hostcall.c memory.c object.c object_check.c sanitizer.c thread.c thread_region.c)
