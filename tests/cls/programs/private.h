/* What private.c and its library share. */
extern unsigned long library_token;
unsigned long *library_place(void);
unsigned long library_zero(void);
void library_set_zero(unsigned long value);
