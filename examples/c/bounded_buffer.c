/* bounded_buffer.c - producers and consumers share a buffer of two slots; nothing is lost.

   Shows:   condition variables. The condition is tested again after each wait (`while`), since between the
            signal and the waiter's return another thread may have taken what was signalled.
   Try:     simrec run examples/c/bounded_buffer.c
            simrec contention               waits for buffer.lock
            simrec timeline -o timeline.html
   Compare: bounded_buffer_if.c */
#include <pthread.h>
#include <stdio.h>

enum { SLOTS = 2, PRODUCERS = 2, CONSUMERS = 3, ITEMS = 300 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    int slots[SLOTS];
    int in, out, count;
} buffer = { .lock = PTHREAD_MUTEX_INITIALIZER,
             .not_full = PTHREAD_COND_INITIALIZER,
             .not_empty = PTHREAD_COND_INITIALIZER };
static long taken_sum, taken_count, broken;

static void put(int item)
{
    pthread_mutex_lock(&buffer.lock);
    while (buffer.count == SLOTS)
        pthread_cond_wait(&buffer.not_full, &buffer.lock);
    if (buffer.count == SLOTS)
        broken++; /* overwrites an item that nobody took */
    buffer.slots[buffer.in] = item;
    buffer.in = (buffer.in + 1) % SLOTS;
    buffer.count++;
    pthread_cond_signal(&buffer.not_empty);
    pthread_mutex_unlock(&buffer.lock);
}

static int take(void)
{
    pthread_mutex_lock(&buffer.lock);
    while (buffer.count == 0)
        pthread_cond_wait(&buffer.not_empty, &buffer.lock);
    if (buffer.count <= 0)
        broken++; /* takes what isn't there */
    int item = buffer.slots[buffer.out];
    buffer.out = (buffer.out + 1) % SLOTS;
    buffer.count--;
    taken_sum += item;
    taken_count++;
    pthread_cond_signal(&buffer.not_full);
    pthread_mutex_unlock(&buffer.lock);
    return item;
}

static void *produce(void *unused)
{
    (void)unused;
    for (int i = 1; i <= ITEMS; i++)
        put(i);
    return NULL;
}

static void *consume(void *unused)
{
    (void)unused;
    for (int i = 0; i < PRODUCERS * ITEMS / CONSUMERS; i++)
        take();
    return NULL;
}

int main(void)
{
    pthread_t threads[PRODUCERS + CONSUMERS];

    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume, NULL);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        pthread_join(threads[i], NULL);
    printf("took %ld items, sum %ld of %d, buffer broken %ld times\n", taken_count, taken_sum,
           PRODUCERS * ITEMS * (ITEMS + 1) / 2, broken);
    return broken != 0;
}
