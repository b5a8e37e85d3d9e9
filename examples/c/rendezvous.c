/* rendezvous.c - two threads meet again and again, by two semaphores.

   Shows:   each says "I am here" (sem_post) and waits for the other (sem_wait). Neither can be a round ahead.
            With the two calls in the other order, both would wait forever.
   Try:     simrec run examples/c/rendezvous.c
            simrec events --kind futex
            simrec contention               arrived is an array of two semaphores: arrived, arrived+... */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 200 };

static sem_t arrived[2];
static int round_of[2];
static long apart[2];

static void *meet(void *argument)
{
    int me = *(int *)argument, other = 1 - me;

    for (int i = 1; i <= ROUNDS; i++) {
        __atomic_store_n(&round_of[me], i, __ATOMIC_SEQ_CST);
        sem_post(&arrived[me]);
        sem_wait(&arrived[other]);
        /* The other has arrived at round i, and can't be past round i + 1. */
        int ahead = __atomic_load_n(&round_of[other], __ATOMIC_SEQ_CST) - i;
        if (ahead < 0 || ahead > 1)
            apart[me]++;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int numbers[2] = { 0, 1 };

    for (int i = 0; i < 2; i++)
        sem_init(&arrived[i], 0, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, meet, &numbers[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("met %d times, apart %ld times\n", ROUNDS, apart[0] + apart[1]);
    return apart[0] + apart[1] ? EXIT_FAILURE : EXIT_SUCCESS;
}
