/* Static initialisers with addresses of variables: in variables, in constants, in constants that lead to constants. */
#include "check.h"

static int value = 1, other = 2, array[8] = {10, 11, 12, 13, 14, 15, 16, 17};
static int *pointer = &value;
static int **pointer_to_pointer = &pointer;
static int *const constant = &other;
static int *const *const constant_to_constant = &constant;
static int *const inside = &array[3], *const end = array + 8, *before = array - 1;
static char *far_end = (char *)&array[0] + 1000000;

struct option { const char *name; int *place; void (*set)(int *, int); const struct option *next; };
static void set(int *place, int to) { *place = to; }
static void twice(int *place, int to) { *place = 2 * to; }
static const struct option last = {"last", &array[7], twice, NULL};
static const struct option options[] = {{"value", &value, set, &options[1]}, {"other", &other, twice, &options[2]}, {"array", array, set, &last}};
static const struct option *const first = options;
static const char *const names[] = {"a", "b", "c"}; /* stays shared */
static const char *name_pointer = "name";
static struct node { struct node *next, *previous; int number; } ring[3] = {
    {&ring[1], &ring[2], 0}, {&ring[2], &ring[0], 1}, {&ring[0], &ring[1], 2}};
static union { void *address; uintptr_t number; } both = {&ring[1]};
static struct { char pad[3]; int *unaligned; } __attribute__((packed)) packed = {"ab", &array[5]};
int *exported_constant_table[] = {&value, &other, array};
const int *const volatile odd = &value;
static uintptr_t as_number = (uintptr_t)&value;
static long difference = &array[6] - &array[2];

static int *pick(int which) {
    switch (which) { /* a table of addresses, in the optimiser's hands */
    case 0: return &value;
    case 1: return &other;
    case 2: return &array[0];
    case 3: return &array[1];
    case 4: return &array[2];
    case 5: return &ring[0].number;
    default: return NULL;
    }
}

int main(void) {
    CHECK(pointer == opaque(&value) && *pointer_to_pointer == &value && **pointer_to_pointer == 1);
    CHECK(constant == opaque(&other) && **constant_to_constant == 2);
    CHECK(*inside == 13 && end - array == 8 && before + 1 == opaque(array) && far_end - 1000000 == opaque(array));
    int count = 0;
    for (const struct option *option = opaque(first); option; option = option->next)
        option->set(option->place, ++count * 100);
    CHECK(count == 4 && value == 100 && other == 400 && array[0] == 300 && array[7] == 800);
    CHECK(strcmp(((const char *const *)opaque(names))[1], "b") == 0 && strcmp(name_pointer, "name") == 0);
    int steps = 0;
    for (struct node *node = ring[0].next; node != &ring[0]; node = node->next, steps++)
        CHECK(node->previous->next == node);
    CHECK(steps == 2 && both.address == &ring[1] && both.number == (uintptr_t)opaque(&ring[1]));
    CHECK(packed.unaligned == opaque(&array[5]));
    CHECK(exported_constant_table[1] == opaque(&other) && *odd == 100 && as_number == (uintptr_t)opaque(&value) && difference == 4);
    for (volatile int i = 0; i < 6; i++)
        *pick(i) += 1;
    CHECK(value == 101 && other == 401 && array[0] == 301 && array[1] == 12 && array[2] == 13 && ring[0].number == 1 && !pick(6));
    return DONE;
}
