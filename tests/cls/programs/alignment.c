/* Alignment of variables, up to a page, both in those with initial content and in zero ones. */
#include "check.h"

static char small = 1;
static _Alignas(64) int line = 5, line_zero;
static _Alignas(4096) char page[4096], page_content[8192] = "page";
_Alignas(256) static struct { double vector[4]; } vectors[3];
typedef float v4 __attribute__((vector_size(16)));
static v4 vector = {1, 2, 3, 4}, sums[8];
static char odd_sizes[3][5] = {"abcd", "efgh", "ijkl"}, tail;
#define ALIGNED(variable, to) CHECK((uintptr_t)opaque(&(variable)) % (to) == 0)

int main(void) {
    ALIGNED(line, 64);
    ALIGNED(line_zero, 64);
    ALIGNED(page, 4096);
    ALIGNED(page_content, 4096);
    ALIGNED(vectors, 256);
    ALIGNED(vector, 16);
    for (int i = 0; i < 8; i++)
        sums[i] = vector * (float)i;
    CHECK(sums[7][3] == 28 && small == 1 && line == 5 && strcmp(page_content, "page") == 0 && tail == 0);
    memset(page, 7, sizeof page);
    CHECK(strcmp(page_content, "page") == 0 && strcmp(odd_sizes[2], "ijkl") == 0 && vectors[2].vector[3] == 0);
    return DONE;
}
