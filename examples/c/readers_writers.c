/* readers_writers.c - many may read at once, one may write alone; by semaphores.

   Shows:   the first reader takes the room for all readers, the last gives it back. Writers wait as long as
            anybody reads, so readers that keep coming starve them.
   Try:     simrec run examples/c/readers_writers.c
            simrec contention               how long the writers waited for `room`
   Compare: the same with pthread_rwlock_t, and look at the writers' waits. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

enum { READERS = 4, WRITERS = 2, ROUNDS = 100, WORDS = 8 };

static sem_t room, readers_lock;
static int reading;
static long words[WORDS];
static long torn;

static void *read_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&readers_lock);
        if (++reading == 1)
            sem_wait(&room);
        sem_post(&readers_lock);

        for (int w = 1; w < WORDS; w++)
            if (words[w] != words[0])
                __atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);

        sem_wait(&readers_lock);
        if (--reading == 0)
            sem_post(&room);
        sem_post(&readers_lock);
    }
    return NULL;
}

static void *write_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&room);
        for (int w = 0; w < WORDS; w++)
            words[w]++;
        sem_post(&room);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[READERS + WRITERS];

    sem_init(&room, 0, 1);
    sem_init(&readers_lock, 0, 1);
    for (int i = 0; i < READERS + WRITERS; i++)
        pthread_create(&threads[i], NULL, i < READERS ? read_all : write_all, NULL);
    for (int i = 0; i < READERS + WRITERS; i++)
        pthread_join(threads[i], NULL);
    printf("each word was written %ld times, readers saw %ld torn words\n", words[0], torn);
    return torn != 0;
}
