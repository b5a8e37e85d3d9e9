/* deadlock.c - two accounts, two locks, taken in opposite orders: both threads wait forever.

   Shows:   a deadlock: simrec ends the run with exit status 3 and says who waits for whom, and where.
   Try:     simrec run examples/c/deadlock.c
            simrec replay --at LAST         both threads, both locks and their holders
   Mend:    take the locks in the order of their addresses. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { TRANSFERS = 500 };

struct account {
    pthread_mutex_t lock;
    long money;
};

static struct account alice = { PTHREAD_MUTEX_INITIALIZER, 1000 };
static struct account bob = { PTHREAD_MUTEX_INITIALIZER, 1000 };

static void transfer(struct account *from, struct account *to, long amount)
{
    pthread_mutex_lock(&from->lock);
    sched_yield(); /* time enough for the other thread to take its first lock, too */
    pthread_mutex_lock(&to->lock);
    from->money -= amount;
    to->money += amount;
    pthread_mutex_unlock(&to->lock);
    pthread_mutex_unlock(&from->lock);
}

static void *to_bob(void *unused)
{
    (void)unused;
    for (int i = 0; i < TRANSFERS; i++)
        transfer(&alice, &bob, 1);
    return NULL;
}

static void *to_alice(void *unused)
{
    (void)unused;
    for (int i = 0; i < TRANSFERS; i++)
        transfer(&bob, &alice, 1);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];

    pthread_create(&threads[0], NULL, to_bob, NULL);
    pthread_create(&threads[1], NULL, to_alice, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("no deadlock this time: alice %ld, bob %ld\n", alice.money, bob.money);
    return 0;
}
