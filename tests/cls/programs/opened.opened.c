extern int program_variable;
int state = 50, zeros[1000], *leads_to_program = &program_variable;
static int *own_place = &state;
int bump(void) { return ++*own_place; }
