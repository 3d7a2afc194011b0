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
