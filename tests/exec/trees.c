/* Linked lists, red-black-like (AA) trees, a trie, a binary heap, a graph search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    int key, level;
    struct node *child[2];
};
static struct node nil = {0, 0, {&nil, &nil}};
static struct node *skew(struct node *t) {
    if (t->level && t->child[0]->level == t->level) {
        struct node *l = t->child[0];
        t->child[0] = l->child[1];
        l->child[1] = t;
        return l;
    }
    return t;
}
static struct node *split(struct node *t) {
    if (t->level && t->child[1]->child[1]->level == t->level) {
        struct node *r = t->child[1];
        t->child[1] = r->child[0];
        r->child[0] = t;
        r->level++;
        return r;
    }
    return t;
}
static struct node *insert(struct node *t, int key) {
    if (t == &nil) {
        struct node *n = malloc(sizeof *n);
        *n = (struct node){key, 1, {&nil, &nil}};
        return n;
    }
    if (key != t->key)
        t->child[key > t->key] = insert(t->child[key > t->key], key);
    return split(skew(t));
}
static int check(const struct node *t, int *count) {
    if (t == &nil)
        return 0;
    (*count)++;
    int l = check(t->child[0], count), r = check(t->child[1], count);
    return 1 + (l > r ? l : r);
}

struct list {
    int value;
    struct list *next;
};
static struct list *reverse(struct list *l) {
    struct list *r = NULL;
    while (l) {
        struct list *n = l->next;
        l->next = r;
        r = l;
        l = n;
    }
    return r;
}
static struct list *merge(struct list *a, struct list *b) {
    struct list head, *tail = &head;
    while (a && b) {
        struct list **p = a->value <= b->value ? &a : &b;
        tail = tail->next = *p;
        *p = (*p)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}
static struct list *sort(struct list *l) {
    if (!l || !l->next)
        return l;
    struct list *slow = l, *fast = l->next;
    while (fast && fast->next)
        slow = slow->next, fast = fast->next->next;
    fast = slow->next;
    slow->next = NULL;
    return merge(sort(l), sort(fast));
}

struct trie {
    struct trie *next[26];
    int count;
};
static void add(struct trie *t, const char *word) {
    for (; *word; word++) {
        struct trie **p = &t->next[*word - 'a'];
        if (!*p)
            *p = calloc(1, sizeof **p);
        t = *p;
    }
    t->count++;
}
static void dump(const struct trie *t, char *prefix, int depth) {
    if (t->count)
        printf("%.*s:%d ", depth, prefix, t->count);
    for (int i = 0; i < 26; i++)
        if (t->next[i]) {
            prefix[depth] = (char)('a' + i);
            dump(t->next[i], prefix, depth + 1);
        }
}

int main(void) {
    struct node *root = &nil;
    for (int i = 0; i < 5000; i++)
        root = insert(root, i * 7919 % 10007);
    int count = 0, height = check(root, &count);
    printf("%d %d\n", count, height);
    struct list *l = NULL;
    for (int i = 0; i < 2000; i++) {
        struct list *n = malloc(sizeof *n);
        *n = (struct list){i * 31 % 997, l};
        l = n;
    }
    l = sort(reverse(l));
    unsigned digest = 0;
    for (struct list *n = l; n; n = n->next)
        digest = digest * 33 + (unsigned)n->value;
    printf("%u\n", digest);
    struct trie t = {{0}, 0};
    char prefix[32];
    const char *words[] = {"tea", "ten", "to", "inn", "in", "tea", "a", "tenor", "into"};
    for (int i = 0; i < 9; i++)
        add(&t, words[i]);
    dump(&t, prefix, 0);
    enum { SIDE = 30 };
    static int distance[SIDE][SIDE], queue[SIDE * SIDE * 4][2];
    memset(distance, -1, sizeof distance);
    int head = 0, tail = 0;
    queue[tail][0] = queue[tail][1] = 0, tail++, distance[0][0] = 0;
    while (head < tail) {
        int x = queue[head][0], y = queue[head][1];
        head++;
        static const int moves[8][2] = {{1, 2},  {2, 1},  {-1, 2},  {-2, 1},
                                        {1, -2}, {2, -1}, {-1, -2}, {-2, -1}};
        for (int i = 0; i < 8; i++) {
            int u = x + moves[i][0], v = y + moves[i][1];
            if (u >= 0 && v >= 0 && u < SIDE && v < SIDE && distance[u][v] < 0 && (u * v) % 11 != 5) {
                distance[u][v] = distance[x][y] + 1;
                queue[tail][0] = u, queue[tail][1] = v, tail++;
            }
        }
    }
    int sum = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            sum += distance[i][j] * (i + 1);
    printf("\n%d %d\n", sum, tail);
    return 0;
}
