#include "externs.h"
extern int weak_hidden __attribute__((visibility("hidden")));
int plain = 11, hidden_variable = 12, weak_overridden = 21, weak_hidden = 23;
int common_here;
int common_elsewhere __attribute__((common));
int *const elsewhere_table[] = {&plain, &hidden_variable, &weak_overridden, &weak_kept, &common_elsewhere};
int *const hidden_table[] = {&hidden_variable, &plain};
const int shared_constant = 42, hidden_constant = 43;
void change(void) {
    plain += 100, hidden_variable += 100, weak_overridden += 100, weak_hidden += 100, common_elsewhere += 131;
}
int *plain_there(void) { return &plain; }
int *hidden_there(void) { return &hidden_variable; }
int *weak_there(void) { return &weak_overridden; }
int *weak_hidden_there(void) { return &weak_hidden; }
int *common_there(void) { return &common_here; }
