int plugin_add(int value);

int main(void) {
    return plugin_add(1);
}
