// flags: -static
// message: a bare compartment has none
int main(void) {
    return 0;
}
