/* barrier.c - a barrier of a mutex and two turnstiles: nobody enters step n+1 before all have done step n.

   Shows:   a barrier that can be used again needs two gates: with one, a quick thread could go round and
            through it a second time before the slow ones have left.
   Try:     simrec run examples/c/barrier.c
            simrec contention               waits at gate_in and gate_out
            simrec timeline -o timeline.html */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

enum { THREADS = 4, STEPS = 50 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t gate_in, gate_out;
static int waiting;
static int step_of[THREADS];
static long early;

static void pass(sem_t *gate, int *count, int change, int last)
{
    pthread_mutex_lock(&lock);
    *count += change;
    if (*count == last)
        for (int i = 0; i < THREADS; i++)
            sem_post(gate);
    pthread_mutex_unlock(&lock);
    sem_wait(gate);
}

static void barrier(void)
{
    pass(&gate_in, &waiting, 1, THREADS);
    pass(&gate_out, &waiting, -1, 0);
}

static void *work(void *argument)
{
    int me = (int)(long)argument;

    for (int step = 1; step <= STEPS; step++) {
        __atomic_store_n(&step_of[me], step, __ATOMIC_SEQ_CST);
        barrier();
        for (int i = 0; i < THREADS; i++)
            if (__atomic_load_n(&step_of[i], __ATOMIC_SEQ_CST) < step)
                __atomic_fetch_add(&early, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    sem_init(&gate_in, 0, 0);
    sem_init(&gate_out, 0, 0);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d threads took %d steps together, %ld were early\n", THREADS, STEPS, early);
    return early != 0;
}
