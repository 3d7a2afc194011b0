#include "private.h"

unsigned long library_token = 1;
static unsigned long zero, *place = &library_token;
unsigned long *library_place(void) { return place; }
unsigned long library_zero(void) { return zero; }
void library_set_zero(unsigned long value) { zero = value; }
