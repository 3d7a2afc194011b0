/* Reads standard input (the test gives this file's own text), counts and transforms it, writes to both
 * outputs. */
// stdin: self
#include <ctype.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[400];
    int lines = 0, words = 0, letters = 0, histogram[26] = {0};
    while (fgets(line, sizeof line, stdin)) {
        lines++;
        for (char *word = strtok(line, " \t\n(){};,"); word; word = strtok(NULL, " \t\n(){};,")) {
            words++;
            for (; *word; word++)
                if (isalpha((unsigned char)*word))
                    letters++, histogram[tolower((unsigned char)*word) - 'a']++;
        }
    }
    printf("%d %d %d\n", lines, words, letters);
    for (int i = 0; i < 26; i++)
        printf("%c%d ", 'a' + i, histogram[i]);
    printf("\n%d %d\n", feof(stdin) != 0, getchar() == EOF);
    fprintf(stderr, "to stderr\n");
    fflush(stdout);
    for (int i = 0; i < 20000; i++)
        printf("%d\n", i * 7);
    return 200;
}
