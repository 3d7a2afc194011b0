#include <stdio.h>
struct library_entry { const char *name; int *place; };
extern int library_value, library_array[4], interposed, library_constructed;
extern const struct library_entry *const library_constant;
int library_get(void), *library_address(void), library_use(int *), library_sum(void), *library_interposed(void), library_hidden_counter(void);
void library_keep(int *), library_call(void (*)(int *));
int *library_kept(void);
FILE *const *library_stream(void);
