/* Open addressing and chained hash tables, string keys, growth, deletion. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *key;
    long value;
    struct entry *next;
};
struct map {
    struct entry **buckets;
    size_t size, count;
};

static uint64_t hash(const char *key) {
    uint64_t h = 0xcbf29ce484222325;
    while (*key)
        h = (h ^ (unsigned char)*key++) * 0x100000001b3;
    return h ^ h >> 29;
}
static void grow(struct map *m) {
    size_t size = m->size ? m->size * 2 : 4;
    struct entry **buckets = calloc(size, sizeof *buckets);
    for (size_t i = 0; i < m->size; i++)
        for (struct entry *e = m->buckets[i], *next; e; e = next) {
            next = e->next;
            struct entry **to = &buckets[hash(e->key) & (size - 1)];
            e->next = *to, *to = e;
        }
    free(m->buckets);
    m->buckets = buckets, m->size = size;
}
static long *find(struct map *m, const char *key, int create) {
    if (m->size)
        for (struct entry *e = m->buckets[hash(key) & (m->size - 1)]; e; e = e->next)
            if (!strcmp(e->key, key))
                return &e->value;
    if (!create)
        return NULL;
    if (m->count >= m->size)
        grow(m);
    struct entry *e = malloc(sizeof *e), **to = &m->buckets[hash(key) & (m->size - 1)];
    *e = (struct entry){strdup(key), 0, *to};
    *to = e;
    m->count++;
    return &e->value;
}
static int erase(struct map *m, const char *key) {
    for (struct entry **at = &m->buckets[hash(key) & (m->size - 1)]; *at; at = &(*at)->next)
        if (!strcmp((*at)->key, key)) {
            struct entry *dead = *at;
            *at = dead->next;
            free(dead->key), free(dead);
            m->count--;
            return 1;
        }
    return 0;
}

static uint64_t keys[4096], values[4096];
static void open_insert(uint64_t key, uint64_t value) {
    size_t at = key * 0x9e3779b97f4a7c15 >> 52;
    while (keys[at] && keys[at] != key)
        at = (at + 1) & 4095;
    keys[at] = key, values[at] += value;
}

int main(void) {
    struct map m = {0};
    char key[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "key-%d", i * 7919 % 3001);
        *find(&m, key, 1) += i;
        if (i % 3 == 0) {
            snprintf(key, sizeof key, "key-%d", i * 31 % 3001);
            erase(&m, key);
        }
    }
    long sum = 0;
    for (int i = 0; i < 3001; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        long *value = find(&m, key, 0);
        sum = sum * 3 + (value ? *value : -1);
    }
    printf("%zu %zu %ld\n", m.count, m.size, sum);
    for (uint64_t i = 1; i < 100000; i++)
        open_insert(i * i % 2503 + 1, i);
    uint64_t digest = 0;
    for (int i = 0; i < 4096; i++)
        digest = digest * 31 + keys[i] * 7 + values[i];
    printf("%lu\n", digest);
    return 0;
}
