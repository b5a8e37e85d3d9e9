/* lockfree_stack.c - Treiber's stack: push and pop by compare-and-swap, with no lock to wait for.

   Shows:   LR/SC loops that try again. A node that is popped and pushed back between another's load and its
            compare-and-swap would fool it (the ABA problem), so the head carries a counter: nodes are named
            by index, and index and counter fit one word.
   Try:     simrec run examples/c/lockfree_stack.c
            simrec events --kind atomic     reservations, successes and failures
   Compare: race_fixed.c: here nobody ever calls futex to get in */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 300, NODES = 8, NONE = 0 };

/* A head: the number of the first node (1 to NODES, or NONE) and how often it changed. */
typedef uint64_t head_t;
#define HEAD(changes, node) ((head_t)(changes) << 32 | (uint32_t)(node))
#define NODE(head) ((uint32_t)(head))
#define CHANGES(head) ((uint32_t)((head) >> 32))

static _Atomic uint32_t next_of[NODES + 1];
static _Atomic head_t stack;
static atomic_long owned_twice;
static atomic_int owner_of[NODES + 1];

static void push(uint32_t node)
{
    head_t old = atomic_load(&stack);

    do
        atomic_store(&next_of[node], NODE(old));
    while (!atomic_compare_exchange_weak(&stack, &old, HEAD(CHANGES(old) + 1, node)));
}

static uint32_t pop(void)
{
    head_t old = atomic_load(&stack), new;

    do {
        if (NODE(old) == NONE)
            return NONE;
        new = HEAD(CHANGES(old) + 1, atomic_load(&next_of[NODE(old)]));
    } while (!atomic_compare_exchange_weak(&stack, &old, new));
    return NODE(old);
}

static void *work(void *argument)
{
    int me = (int)(long)argument;

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t node = pop();
        if (node == NONE)
            continue;
        if (atomic_exchange(&owner_of[node], me) != 0)
            atomic_fetch_add(&owned_twice, 1);
        atomic_store(&owner_of[node], 0);
        push(node);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    int left = 0;

    for (uint32_t node = 1; node <= NODES; node++)
        push(node);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    while (pop() != NONE)
        left++;
    printf("%d of %d nodes left, owned by two at once %ld times\n", left, NODES, owned_twice);
    return left != NODES || owned_twice != 0;
}
