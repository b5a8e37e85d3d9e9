/* race_fixed.c - four threads count together under a mutex: the sum is always 4000.

   Shows:   what a lock costs, and who waits for whom. A free mutex is taken by one atomic instruction; only
            a thread that finds it held calls futex and sleeps.
   Try:     simrec run examples/c/race_fixed.c
            simrec contention               acquisitions, waits and holds of `lock`
            simrec events --kind futex      who slept, and who woke whom
   Compare: race.c */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, add, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("counter = %ld, expected %d\n", counter, THREADS * ROUNDS);
    return 0;
}
