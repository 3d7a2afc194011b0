/* In src/orc/thread.c. */
