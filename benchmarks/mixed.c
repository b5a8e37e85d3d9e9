/* A real program in small: eight threads that sort, multiply matrices, fill one hash table under its
   locks, and count what they did under a mutex. Rounds are the argument. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, NUMBERS = 512, SIDE = 16, BUCKETS = 256, KEYS = 96 };

struct entry {
    struct entry *next;
    uint64_t key, count;
};

static struct entry *buckets[BUCKETS];
static pthread_mutex_t bucket_locks[BUCKETS];
static pthread_mutex_t total_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t total;
static int rounds;

static uint64_t random_of(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static uint64_t sort(uint64_t *state) {
    int numbers[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = (int)(random_of(state) % 100000);
    qsort(numbers, NUMBERS, sizeof numbers[0], ascending);
    return (uint64_t)numbers[NUMBERS / 2];
}

static uint64_t multiply(uint64_t *state) {
    double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (double)(random_of(state) % 10);
            b[i][j] = (double)(random_of(state) % 10);
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    return (uint64_t)c[SIDE - 1][SIDE - 1];
}

static void count(uint64_t key) {
    unsigned place = (unsigned)((key * 0x9E3779B97F4A7C15u) >> 56);
    pthread_mutex_lock(&bucket_locks[place]);
    struct entry *found = buckets[place];
    while (found && found->key != key)
        found = found->next;
    if (!found) {
        found = malloc(sizeof *found);
        *found = (struct entry){buckets[place], key, 0};
        buckets[place] = found;
    }
    found->count++;
    pthread_mutex_unlock(&bucket_locks[place]);
}

static void *work(void *argument) {
    uint64_t state = 88172645463325252u + (uint64_t)(uintptr_t)argument;
    char text[64];
    for (int round = 0; round < rounds; round++) {
        uint64_t sum = sort(&state) + multiply(&state);
        for (int i = 0; i < KEYS; i++)
            count(random_of(&state) % 1000);
        sum += (uint64_t)snprintf(text, sizeof text, "%d:%llu", round, (unsigned long long)sum);
        sum += strlen(text);
        pthread_mutex_lock(&total_lock);
        total += sum;
        pthread_mutex_unlock(&total_lock);
    }
    return 0;
}

int main(int argc, char **argv) {
    rounds = argc > 1 ? atoi(argv[1]) : 4;
    pthread_t threads[THREADS];
    for (int i = 0; i < BUCKETS; i++)
        pthread_mutex_init(&bucket_locks[i], 0);
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], 0, work, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    uint64_t keys = 0;
    for (int i = 0; i < BUCKETS; i++)
        for (struct entry *e = buckets[i]; e; e = e->next)
            keys += e->count;
    printf("%llu keys, total %llu\n", (unsigned long long)keys, (unsigned long long)total);
    return 0;
}
