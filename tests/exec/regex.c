/* A backtracking matcher: literals, dots, stars, plus, question marks, classes, anchors, alternation. */
#include <stdio.h>
#include <string.h>

static const char *end_of_atom(const char *p) {
    if (*p == '\\')
        return p + 2;
    if (*p == '[') {
        p++;
        while (*p && *p != ']')
            p++;
        return p + 1;
    }
    return p + 1;
}
static int atom(const char *p, char c) {
    if (!c)
        return 0;
    if (*p == '.')
        return 1;
    if (*p == '\\')
        return p[1] == 'd'   ? c >= '0' && c <= '9'
               : p[1] == 'w' ? (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
                             : p[1] == c;
    if (*p == '[') {
        int negate = p[1] == '^', found = 0;
        for (p += 1 + negate; *p && *p != ']'; p++)
            if (p[1] == '-' && p[2] != ']') {
                found |= c >= p[0] && c <= p[2];
                p += 2;
            } else
                found |= *p == c;
        return found != negate;
    }
    return *p == c;
}
static int here(const char *p, const char *text, const char **end) {
    for (;;) {
        if (!*p || *p == '|') {
            *end = text;
            return 1;
        }
        if (*p == '$' && (!p[1] || p[1] == '|')) {
            *end = text;
            return !*text;
        }
        const char *next = end_of_atom(p);
        if (*next == '*' || *next == '+') {
            const char *start = text;
            while (atom(p, *text))
                text++;
            for (; text >= start + (*next == '+'); text--)
                if (here(next + 1, text, end))
                    return 1;
            return 0;
        }
        if (*next == '?') {
            if (atom(p, *text) && here(next + 1, text + 1, end))
                return 1;
            p = next + 1;
            continue;
        }
        if (!atom(p, *text))
            return 0;
        p = next, text++;
    }
}
static int search(const char *pattern, const char *text, int *start, int *length) {
    for (const char *at = text;; at++) {
        for (const char *p = pattern; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
            const char *end;
            if (*p == '^' ? at == text && here(p + 1, at, &end) : here(p, at, &end)) {
                *start = (int)(at - text), *length = (int)(end - at);
                return 1;
            }
        }
        if (!*at)
            return 0;
    }
}
int main(void) {
    static const char *const patterns[] = {"abc",           "a.c",  "^the",    "dog$",     "[0-9]+",
                                           "\\d\\d:\\d\\d", "x*y",  "colou?r", "[^a-z ]+", "fox|dog",
                                           "\\w+@\\w+",     "q.*k", "a+b+c?$", "zzz"};
    static const char *const texts[] = {"the quick brown fox jumps over the lazy dog",
                                        "at 12:34 someone@example wrote color and colour", "xxxxy aabbc aab",
                                        "", "ABC123 abc"};
    for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (unsigned j = 0; j < sizeof texts / sizeof *texts; j++) {
            int start = 0, length = 0, found = search(patterns[i], texts[j], &start, &length);
            printf("%d:%d+%d ", found, start, length);
        }
    printf("\n");
    return 0;
}
