/* A JSON-like parser and printer with a tree on the heap, and errors for bad input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NIL, TRUTH, NUMBER, TEXT, LIST, OBJECT };
struct value {
    enum kind kind;
    union {
        int truth;
        double number;
        char *text;
        struct {
            struct value *items;
            char **keys;
            size_t count;
        };
    };
};
static const char *at, *error;
static void skip(void) {
    while (*at == ' ' || *at == '\n' || *at == '\t')
        at++;
}
static int parse(struct value *v);
static char *parse_text(void) {
    char *text = malloc(strlen(at) + 1), *to = text;
    for (at++; *at && *at != '"'; at++)
        if (*at != '\\')
            *to++ = *at;
        else
            switch (*++at) {
            case 'n':
                *to++ = '\n';
                break;
            case 't':
                *to++ = '\t';
                break;
            case 'u': {
                char hex[5] = {0};
                memcpy(hex, at + 1, 4);
                *to++ = (char)strtol(hex, NULL, 16);
                at += 4;
                break;
            }
            case 0:
                free(text);
                return NULL;
            default:
                *to++ = *at;
            }
    *to = 0;
    if (*at++ != '"') {
        free(text);
        return NULL;
    }
    return text;
}
static int parse_items(struct value *v, char close) {
    v->items = NULL, v->keys = NULL, v->count = 0;
    at++, skip();
    if (*at == close) {
        at++;
        return 1;
    }
    for (;;) {
        v->items = realloc(v->items, (v->count + 1) * sizeof *v->items);
        v->keys = realloc(v->keys, (v->count + 1) * sizeof *v->keys);
        v->keys[v->count] = NULL;
        skip();
        if (v->kind == OBJECT) {
            if (*at != '"' || !(v->keys[v->count] = parse_text())) {
                error = "key";
                return 0;
            }
            skip();
            if (*at++ != ':') {
                error = "colon";
                return 0;
            }
        }
        if (!parse(&v->items[v->count++]))
            return 0;
        skip();
        if (*at == ',') {
            at++;
            continue;
        }
        if (*at++ == close)
            return 1;
        error = "comma";
        return 0;
    }
}
static int parse(struct value *v) {
    skip();
    switch (*at) {
    case '{':
        v->kind = OBJECT;
        return parse_items(v, '}');
    case '[':
        v->kind = LIST;
        return parse_items(v, ']');
    case '"':
        v->kind = TEXT;
        return (v->text = parse_text()) != NULL || (error = "text", 0);
    case 't':
        v->kind = TRUTH, v->truth = 1;
        at += 4;
        return 1;
    case 'f':
        v->kind = TRUTH, v->truth = 0;
        at += 5;
        return 1;
    case 'n':
        v->kind = NIL;
        at += 4;
        return 1;
    default: {
        char *end;
        v->kind = NUMBER, v->number = strtod(at, &end);
        if (end == at) {
            error = "value";
            return 0;
        }
        at = end;
        return 1;
    }
    }
}
static void print(const struct value *v, int depth) {
    switch (v->kind) {
    case NIL:
        printf("null");
        break;
    case TRUTH:
        printf(v->truth ? "true" : "false");
        break;
    case NUMBER:
        printf("%.10g", v->number);
        break;
    case TEXT:
        printf("\"%s\"", v->text);
        break;
    case LIST:
    case OBJECT:
        printf(v->kind == LIST ? "[" : "{");
        for (size_t i = 0; i < v->count; i++) {
            if (i)
                printf(",");
            if (v->keys[i])
                printf("%s=", v->keys[i]);
            print(&v->items[i], depth + 1);
        }
        printf(v->kind == LIST ? "]" : "}");
    }
}
int main(void) {
    static const char *const inputs[] = {
        "{\"a\": [1, 2.5, -3e10, {\"b\": null}], \"c\": \"x\\ny\\u0041\", \"d\": true}",
        "[[[[[]]]], {}, [false]]",
        "[1, 2",
        "{\"a\" 1}",
        "\"open",
        "[?]",
        "  42  "};
    for (unsigned i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        struct value v;
        at = inputs[i], error = NULL;
        if (parse(&v))
            print(&v, 0), printf("\n");
        else
            printf("error: %s at %d\n", error, (int)(at - inputs[i]));
    }
    return 0;
}
