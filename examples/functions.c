/* A guest program whose functions its embedder calls (examples/call.c): a counter of its own, and words that
 * it keeps. It has nothing to do by itself, and waits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long counter;
static char *words;

long count(long step) {
    return counter += step;
}

/* Keeps the word at `text`, which the embedder has written there, after those that came before. */
long keep(const char *text) {
    size_t length = words ? strlen(words) : 0;
    char *longer = realloc(words, length + strlen(text) + 2);
    if (!longer)
        return -1;
    words = longer;
    strcpy(words + length, length ? " " : "");
    strcat(words, text);
    return (long)strlen(words);
}

const char *kept(void) {
    return words;
}

long sleep_and_count(long seconds) {
    sleep((unsigned)seconds);
    return count(1);
}

int fail(void) {
    return *(volatile int *)0;
}

int main(void) {
    pause();
    return 0;
}
