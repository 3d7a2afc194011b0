#include "library.h"

int library_value = 10, library_array[4] = {1, 2, 3, 4}, library_constructed;
__attribute__((weak)) int interposed = 1;
static int *kept, hidden_counter;
extern int program_value;
static const struct library_entry entries[] = {{"value", &library_value}, {"array", library_array}, {"program", &program_value}};
const struct library_entry *const library_constant = entries;
__attribute__((visibility("hidden"))) int counter_step = 1;
int library_get(void) { return library_value; }
int *library_address(void) { return &library_value; }
int library_use(int *place) { return ++*place; }
int library_sum(void) {
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += library_array[i];
    return sum;
}
void library_keep(int *place) { kept = place; }
int *library_kept(void) { return entries[2].place == kept ? kept : 0; }
void library_call(void (*callback)(int *)) { callback(&library_value); }
int *library_interposed(void) { return &interposed; }
int library_hidden_counter(void) { return hidden_counter += counter_step; }
FILE *const *library_stream(void) { return &stdout; }
__attribute__((constructor)) static void construct(void) { library_constructed = 5; }
