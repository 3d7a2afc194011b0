# The launcher library: what an embedder of the Intravisor links to start POSIX programs.
OBJECT_FILE_SRCS := $(addprefix embed/, object_file.c file_bytes.c) toolchain/common/object_hash.c
EMBED_SRCS := $(addprefix embed/, call.c launch.c lock_down.c resident.c start_info.c zygote.c) $(OBJECT_FILE_SRCS)
