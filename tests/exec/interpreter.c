/* A byte-code machine with a compiler for a tiny language in front of it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op { CONST, LOAD, STORE, ADD, SUB, MUL, DIV, LESS, EQUAL, JUMP, JUMP_IF_NOT, PRINT, END };
static long code[2000], size, variables[26];
static const char *at;
static void emit(long x) {
    code[size++] = x;
}
static void space(void) {
    while (isspace((unsigned char)*at))
        at++;
}
static int accept(const char *word) {
    space();
    size_t n = strlen(word);
    if (strncmp(at, word, n))
        return 0;
    at += n;
    return 1;
}
static void expression(void);
static void primary(void) {
    space();
    if (accept("(")) {
        expression();
        accept(")");
    } else if (isdigit((unsigned char)*at)) {
        emit(CONST);
        emit(strtol(at, (char **)&at, 10));
    } else {
        emit(LOAD);
        emit(*at++ - 'a');
    }
}
static void product(void) {
    primary();
    for (;;) {
        if (accept("*")) {
            primary();
            emit(MUL);
        } else if (accept("/")) {
            primary();
            emit(DIV);
        } else
            return;
    }
}
static void sum(void) {
    product();
    for (;;) {
        if (accept("+")) {
            product();
            emit(ADD);
        } else if (accept("-")) {
            product();
            emit(SUB);
        } else
            return;
    }
}
static void expression(void) {
    sum();
    if (accept("<")) {
        sum();
        emit(LESS);
    } else if (accept("==")) {
        sum();
        emit(EQUAL);
    }
}
static void statement(void) {
    space();
    if (accept("while")) {
        long start = size;
        expression();
        emit(JUMP_IF_NOT);
        long hole = size;
        emit(0);
        statement();
        emit(JUMP);
        emit(start);
        code[hole] = size;
    } else if (accept("if")) {
        expression();
        emit(JUMP_IF_NOT);
        long hole = size;
        emit(0);
        statement();
        code[hole] = size;
    } else if (accept("print")) {
        expression();
        emit(PRINT);
        accept(";");
    } else if (accept("{")) {
        while (!accept("}"))
            statement();
    } else {
        long v = *at++ - 'a';
        accept("=");
        expression();
        emit(STORE);
        emit(v);
        accept(";");
    }
}
static long run(void) {
    long stack[64], *sp = stack, steps = 0;
    for (const long *pc = code;; steps++)
        switch ((enum op) * pc++) {
        case CONST:
            *sp++ = *pc++;
            break;
        case LOAD:
            *sp++ = variables[*pc++];
            break;
        case STORE:
            variables[*pc++] = *--sp;
            break;
        case ADD:
            sp--;
            sp[-1] += *sp;
            break;
        case SUB:
            sp--;
            sp[-1] -= *sp;
            break;
        case MUL:
            sp--;
            sp[-1] *= *sp;
            break;
        case DIV:
            sp--;
            sp[-1] /= *sp;
            break;
        case LESS:
            sp--;
            sp[-1] = sp[-1] < *sp;
            break;
        case EQUAL:
            sp--;
            sp[-1] = sp[-1] == *sp;
            break;
        case JUMP:
            pc = code + *pc;
            break;
        case JUMP_IF_NOT:
            if (*--sp)
                pc++;
            else
                pc = code + *pc;
            break;
        case PRINT:
            printf("%ld ", *--sp);
            break;
        case END:
            return steps;
        }
}
int main(void) {
    at = "a=0; b=1; i=0; while i<60 { c=a+b; a=b; b=c; i=i+1; if (i/10)*10==i print a; }"
         "n=2; k=0; while n<2000 { d=2; p=1; while (d*d<n+1) { if (n/d)*d==n p=0; d=d+1; } if p==1 k=k+1; "
         "n=n+1; } print k; print (3+4)*5-6/2;";
    for (space(); *at; space())
        statement();
    emit(END);
    printf("\n%ld %ld\n", run(), size);
    return 0;
}
