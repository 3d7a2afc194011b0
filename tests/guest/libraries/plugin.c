/* For dlopen. */
#include <stdio.h>
#include <stdlib.h>

int plugin_state = 1;

__attribute__((constructor)) static void start(void) {
    puts("plugin: constructor");
}

__attribute__((destructor)) static void stop(void) {
    printf("plugin: destructor, state %d\n", plugin_state);
}

int plugin_add(int value) {
    return plugin_state += value;
}

#ifdef WITH_LOCAL
_Thread_local int plugin_local = 3;

int plugin_bump(void) {
    return ++plugin_local;
}
#endif
