/* A C program with the C library: makes words, sorts and counts them, and prints what it found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 800, LETTERS = 3 };

static int by_text(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(void) {
    char **words = malloc(WORDS * sizeof *words);
    unsigned state = 1;
    double letters = 0;
    for (int i = 0; i < WORDS; i++) {
        char text[LETTERS + 1] = {0};
        for (int j = 0; j < LETTERS; j++) {
            state = state * 1103515245 + 12345;
            text[j] = 'a' + (state >> 16) % 26;
            if ((state >> 24) % 8 == 0)
                break;
        }
        words[i] = strdup(text);
        letters += strlen(text);
    }
    qsort(words, WORDS, sizeof *words, by_text);
    int distinct = 0, longest = 0, run = 0;
    for (int i = 0; i < WORDS; i++) {
        run = i && !strcmp(words[i], words[i - 1]) ? run + 1 : 1;
        distinct += run == 1;
        longest = run > longest ? run : longest;
    }
    printf("%d words, %d distinct, %.3f letters each, the commonest %d times\n", WORDS, distinct,
           letters / WORDS, longest);
    for (int i = 0; i < WORDS; i++)
        free(words[i]);
    free(words);
    return 0;
}
