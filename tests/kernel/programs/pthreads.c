/* POSIX threads as a C program uses them: every kind of lock, timed waits, signals, cancellation. What is
   printed doesn't depend on the schedule. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static pthread_key_t key;
static sem_t done;
static int go, total, counted, odd, value, begun, destroyed;
static _Thread_local int mine;
static volatile sig_atomic_t signalled;
static pthread_t signalled_thread;

static void begin(void) { begun++; }
static void destroy(void *given) { __sync_fetch_and_add(&destroyed, (int)(long)given); }
/* Whoever waits for the count reads the thread, so that comes first. */
static void note(int number)
{
    signalled_thread = pthread_self();
    __sync_synchronize();
    signalled++;
}

static void *work(void *given)
{
    mine = (long)given;
    pthread_setspecific(key, given);
    pthread_once(&once, begin);
    pthread_mutex_lock(&mutex);
    while (!go)
        pthread_cond_wait(&cond, &mutex);
    total += mine;
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 50; i++) {
        if (i % 5) {
            pthread_rwlock_rdlock(&rwlock);
            odd += value % 2;
        } else {
            pthread_rwlock_wrlock(&rwlock);
            value++;
            sched_yield();
            value++;
        }
        pthread_rwlock_unlock(&rwlock);
        pthread_spin_lock(&spin);
        counted++;
        pthread_spin_unlock(&spin);
    }
    long last = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    sem_post(&done);
    return (void *)last;
}

static void *pauses(void *given)
{
    sem_post(given);
    for (;;)
        pause();
}

static void *takes(void *given)
{
    int number;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwait(&set, &number);
    return (void *)(long)number;
}

static void locks(void)
{
    pthread_t threads[THREADS];
    void *result;
    long last = 0;
    pthread_key_create(&key, destroy);
    sem_init(&done, 0, 0);
    pthread_barrier_init(&barrier, 0, THREADS);
    pthread_spin_init(&spin, 0);
    for (long i = 0; i < THREADS; i++)
        pthread_create(threads + i, 0, work, (void *)(i + 1));
    usleep(500);
    pthread_mutex_lock(&mutex);
    go = 1;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < THREADS; i++)
        sem_wait(&done);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        last += (long)result;
    }
    printf("total %d counted %d value %d odd %d\n", total, counted, value, odd);
    printf("last %ld destroyed %d begun %d\n", last, destroyed, begun);
}

static struct timespec soon(clockid_t clock, long nanoseconds)
{
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += nanoseconds;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void timed(void)
{
    struct timespec time = soon(CLOCK_REALTIME, 200000), left;
    pthread_mutex_lock(&mutex);
    printf("cond %d", pthread_cond_timedwait(&cond, &mutex, &time) == ETIMEDOUT);
    time = soon(CLOCK_REALTIME, 100000);
    printf(" mutex %d", pthread_mutex_timedlock(&mutex, &time) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    time = soon(CLOCK_REALTIME, 100000);
    printf(" sem %d", sem_timedwait(&done, &time));
    printf(" %d\n", errno == ETIMEDOUT);
    pthread_rwlock_wrlock(&rwlock);
    time = soon(CLOCK_REALTIME, 100000);
    printf("rwlock %d", pthread_rwlock_timedrdlock(&rwlock, &time) != 0);
    pthread_rwlock_unlock(&rwlock);
    time = (struct timespec){0, 100000};
    printf(" sleep %d", clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left));
    time = soon(CLOCK_MONOTONIC, 100000);
    printf(" until %d", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, 0));
    printf(" bad %d\n", clock_nanosleep(99, 0, &time, &left) == EINVAL);
}

static void signals(void)
{
    pthread_t thread;
    sem_t ready;
    sigset_t set;
    void *result;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = note}, 0);
    sem_init(&ready, 0, 0);
    pthread_create(&thread, 0, pauses, &ready);
    sem_wait(&ready);
    pthread_kill(thread, SIGUSR1);
    while (!signalled)
        usleep(100);
    printf("signalled %d itself %d\n", signalled, pthread_equal(signalled_thread, thread));
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled %d\n", result == PTHREAD_CANCELED);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, 0);
    pthread_create(&thread, 0, takes, 0);
    kill(getpid(), SIGUSR2);
    pthread_join(thread, &result);
    printf("took %ld\n", (long)result);
}

int main(void)
{
    cpu_set_t harts;
    int status;
    locks();
    timed();
    signals();
    printf("affinity %d %d\n", sched_getaffinity(0, sizeof harts, &harts), CPU_COUNT(&harts) > 0);
    printf("priorities %d %d\n", sched_get_priority_max(SCHED_FIFO), sched_get_priority_min(SCHED_RR));
    printf("wait %d", wait(&status));
    printf(" %d\n", errno == ECHILD);
    fflush(stdout);
    pthread_exit(0);
}
