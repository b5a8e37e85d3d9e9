/* malloc, realloc and free of all sizes, checked by content; threads do it at the same time. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 64, STEPS = 1500, THREADS = 3 };

static uint32_t draw(uint32_t *state) { return *state = *state * 1664525 + 1013904223; }

static void *work(void *argument)
{
    uint32_t state = (uint32_t)(uintptr_t)argument;
    unsigned char *blocks[BLOCKS] = {0}, tags[BLOCKS];
    size_t sizes[BLOCKS];
    uintptr_t wrong = 0;
    for (int step = 0; step < STEPS; step++) {
        int i = draw(&state) >> 16 & (BLOCKS - 1);
        size_t size = 1 + (draw(&state) >> 8) % (step % 50 == 0 ? 300000 : 2000);
        if (blocks[i] != NULL) {
            wrong += blocks[i][0] != tags[i] || blocks[i][sizes[i] - 1] != tags[i];
            if (draw(&state) >> 31) {
                size_t before = sizes[i];
                blocks[i] = realloc(blocks[i], size);
                sizes[i] = size;
                wrong += blocks[i][0] != tags[i] || (before <= size && blocks[i][before - 1] != tags[i]);
            }
            if (draw(&state) >> 31) {
                free(blocks[i]);
                blocks[i] = NULL;
                continue;
            }
        } else {
            blocks[i] = malloc(size);
            sizes[i] = size;
        }
        tags[i] = step;
        blocks[i][0] = blocks[i][sizes[i] - 1] = tags[i];
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return (void *)wrong;
}

int main(void)
{
    pthread_t threads[THREADS];
    uintptr_t wrong = (uintptr_t)work((void *)1);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)(i + 2));
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (uintptr_t)result;
    }
    char *grown = malloc(1);
    for (size_t size = 1; size <= 1 << 22; size *= 2) {
        grown = realloc(grown, size);
        grown[size - 1] = size % 251;
    }
    for (size_t size = 1; size <= 1 << 22; size *= 2)
        wrong += grown[size - 1] != (char)(size % 251);
    free(grown);
    void *volatile huge = malloc((size_t)1 << 46);
    printf("wrong %lu, too much %d\n", (unsigned long)wrong, huge != NULL);
    return 0;
}
