/* dining_philosophers.c - five philosophers, five forks; the last takes its forks the other way round.

   Shows:   how an order among locks keeps a circle of waits from closing: nobody holds a higher fork while
            waiting for a lower one, so somebody can always eat.
   Try:     simrec run examples/c/dining_philosophers.c
            simrec contention               which fork was waited for most
   Break:   let everybody take the left fork first (compile with --cflags -DSYMMETRIC): a deadlock. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { PHILOSOPHERS = 5, MEALS = 40 };

static pthread_mutex_t forks[PHILOSOPHERS];
static int in_use[PHILOSOPHERS];
static long meals[PHILOSOPHERS], shared;

static void take(int fork)
{
    pthread_mutex_lock(&forks[fork]);
    if (in_use[fork]++)
        __atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
}

static void put_back(int fork)
{
    in_use[fork]--;
    pthread_mutex_unlock(&forks[fork]);
}

static void *dine(void *argument)
{
    int me = (int)(long)argument;
    int first = me, second = (me + 1) % PHILOSOPHERS;

#ifndef SYMMETRIC
    if (first > second) {
        first = second;
        second = me;
    }
#endif
    for (int i = 0; i < MEALS; i++) {
        take(first);
        sched_yield(); /* makes it likely that the neighbours reach for theirs */
        take(second);
        meals[me]++;
        put_back(second);
        put_back(first);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[PHILOSOPHERS];
    long total = 0;

    for (int i = 0; i < PHILOSOPHERS; i++)
        pthread_mutex_init(&forks[i], NULL);
    for (long i = 0; i < PHILOSOPHERS; i++)
        pthread_create(&threads[i], NULL, dine, (void *)i);
    for (int i = 0; i < PHILOSOPHERS; i++) {
        pthread_join(threads[i], NULL);
        total += meals[i];
    }
    printf("%d philosophers ate %ld meals, forks shared %ld times\n", PHILOSOPHERS, total, shared);
    return shared != 0;
}
