/* Texts that grow, for /proc and directory listings. */
#include <string.h>
#include "heap.h"
#include "synthetic.h"

#define FIRST_SIZE 512

void text_add_bytes(struct text *text, const void *bytes, size_t length) {
    if (text->failed)
        return;
    if (length > text->size - text->length) {
        size_t size = text->size ? 2 * text->size : FIRST_SIZE;
        while (size < text->length + length)
            size *= 2;
        char *moved = heap_resize(text->bytes, text->size, size);
        if (!moved) {
            text->failed = true;
            return;
        }
        text->bytes = moved;
        text->size = size;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_add_number(struct text *text, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = '0' + number % 10;
    while (number /= 10);
    text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_add_hexadecimal(struct text *text, uint64_t number, unsigned digits) {
    char all[16];
    unsigned count = 0;
    do
        all[sizeof all - ++count] = "0123456789abcdef"[number & 15];
    while ((number >>= 4) || count < digits);
    text_add_bytes(text, all + sizeof all - count, count);
}

void text_add_octal(struct text *text, unsigned number) {
    char all[12];
    size_t at = sizeof all;
    do
        all[--at] = (char)('0' + number % 8);
    while (number /= 8);
    text_add_bytes(text, all + at, sizeof all - at);
}

void text_add_line(struct text *text, const char *name, uint64_t number, const char *unit) {
    text_add(text, name);
    text_add_number(text, number);
    text_add(text, unit);
}
