/* race.c - four threads count together without a lock: updates are lost.

   Shows:   `counter++` is a load, an addition and a store. A thread that loads between another's load and
            store adds to the old value, and one of the two updates is gone.
   Try:     simrec run examples/c/race.c
            simrec events --kind instruction --thread 2     look for the store to counter
            simrec run examples/c/race.c --seed 1           another schedule, another sum
            simrec diff RUN_A RUN_B                         where the two runs part
   Compare: race_fixed.c */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 1000 };

static volatile long counter;

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        counter++;
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
