// Threads that take every kind of POSIX lock in an order of their own, and tell by probes what they do, with
// the lock's address: 1 about to ask, 2 has it, 3 about to give it back, 4 didn't get it.
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#define PROBE(number, value) __asm__ volatile("slti x0, %0, " #number : : "r"(value) : "memory")
#define THREADS 3
#define ROUNDS 25

struct account { long balance; pthread_mutex_t lock; };

struct account accounts[2] = {{0, PTHREAD_MUTEX_INITIALIZER}, {0, PTHREAD_MUTEX_INITIALIZER}};
pthread_mutex_t recursive;
pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;
pthread_spinlock_t spin;
pthread_barrier_t gate;
sem_t slots;
int queue, done;

#define TAKE(call, lock) do { PROBE(1, lock); call; PROBE(2, lock); } while (0)
#define GIVE(call, lock) do { PROBE(3, lock); call; } while (0)
#define TRY(call, lock) do { PROBE(1, lock); if (call) PROBE(4, lock); else { PROBE(2, lock); got = 1; } } while (0)

static struct timespec soon(long nanoseconds) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += nanoseconds;
    if (at.tv_nsec >= 1000000000) { at.tv_nsec -= 1000000000; at.tv_sec++; }
    return at;
}

static void *work(void *argument) {
    unsigned random = 7919 * (long)argument + 17;
    pthread_mutex_t own;
    pthread_mutex_init(&own, 0);
    TAKE(pthread_barrier_wait(&gate), &gate);
    for (int i = 0; i < ROUNDS; i++) {
        int got = 0;
        struct account *account = &accounts[i & 1];
        random = random * 1103515245 + 12345;
        switch (random >> 16 & 7) {
        case 0:
            TAKE(pthread_mutex_lock(&account->lock), &account->lock);
            account->balance++;
            GIVE(pthread_mutex_unlock(&account->lock), &account->lock);
            break;
        case 1:
            TRY(pthread_mutex_trylock(&account->lock), &account->lock);
            if (got) GIVE(pthread_mutex_unlock(&account->lock), &account->lock);
            break;
        case 2: {
            struct timespec at = soon(3000);
            TRY(pthread_mutex_timedlock(&account->lock, &at), &account->lock);
            if (got) {
                for (volatile int k = 0; k < 60; k++) {}
                GIVE(pthread_mutex_unlock(&account->lock), &account->lock);
            }
            break;
        }
        case 3:
            TAKE(pthread_rwlock_rdlock(&table), &table);
            for (volatile int k = 0; k < 20; k++) {}
            GIVE(pthread_rwlock_unlock(&table), &table);
            break;
        case 4:
            TAKE(pthread_rwlock_wrlock(&table), &table);
            for (volatile int k = 0; k < 20; k++) {}
            GIVE(pthread_rwlock_unlock(&table), &table);
            break;
        case 5:
            TAKE(sem_wait(&slots), &slots);
            GIVE(sem_post(&slots), &slots);
            break;
        case 6:
            TAKE(pthread_mutex_lock(&recursive), &recursive);
            TAKE(pthread_mutex_lock(&recursive), &recursive);
            GIVE(pthread_mutex_unlock(&recursive), &recursive);
            GIVE(pthread_mutex_unlock(&recursive), &recursive);
            break;
        default:
            TAKE(pthread_spin_lock(&spin), &spin);
            account->balance++;
            GIVE(pthread_spin_unlock(&spin), &spin);
            TAKE(pthread_mutex_lock(&own), &own);
            GIVE(pthread_mutex_unlock(&own), &own);
        }
    }
    TAKE(pthread_mutex_lock(&queue_lock), &queue_lock);
    queue++;
    pthread_cond_signal(&not_empty);
    GIVE(pthread_mutex_unlock(&queue_lock), &queue_lock);
    return 0;
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attributes);
    pthread_spin_init(&spin, 0);
    pthread_barrier_init(&gate, 0, THREADS);
    sem_init(&slots, 0, 1);
    pthread_mutex_t *on_heap = malloc(sizeof *on_heap);
    pthread_mutex_init(on_heap, 0);
    TAKE(pthread_mutex_lock(on_heap), on_heap);
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)i);
    TAKE(pthread_mutex_lock(&queue_lock), &queue_lock);
    while (done < THREADS) {
        while (queue == 0) {
            GIVE(, &queue_lock);
            TAKE(pthread_cond_wait(&not_empty, &queue_lock), &not_empty);
            PROBE(1, &queue_lock);
            PROBE(2, &queue_lock);
        }
        queue--;
        done++;
    }
    GIVE(pthread_mutex_unlock(&queue_lock), &queue_lock);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
    GIVE(pthread_mutex_unlock(on_heap), on_heap);
    free(on_heap);
    return 0;
}
