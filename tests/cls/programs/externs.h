extern int plain, common_here, common_elsewhere, weak_overridden, weak_kept;
extern int hidden_variable __attribute__((visibility("hidden")));
extern int *const elsewhere_table[];
extern int *const hidden_table[] __attribute__((visibility("hidden")));
extern const int shared_constant;
extern const int hidden_constant __attribute__((visibility("hidden")));
void change(void);
int *plain_there(void), *hidden_there(void), *weak_there(void), *weak_hidden_there(void), *common_there(void);
