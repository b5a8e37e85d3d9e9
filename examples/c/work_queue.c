/* work_queue.c - a pool of threads works off a queue of jobs: sums of squares, added up at the end.

   Shows:   throughput between probes: each job done is a probe event (simrec.h), which costs one tick.
   Try:     simrec run examples/c/work_queue.c          three workers; give another number: -- 6
            simrec stats                                jobs_done by name, with its rate
            simrec contention                           waits for queue.lock */
#include <pthread.h>
#include <simrec.h>
#include <stdio.h>
#include <stdlib.h>

SIMREC_PROBE_NAME(jobs_done, 1);

enum { JOBS = 200, MOST_WORKERS = 16 };

struct job {
    long first, last;
    struct job *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *head, **tail;
    int closed;
} queue = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &queue.head, 0 };

static void submit(long first, long last)
{
    struct job *job = malloc(sizeof *job);

    *job = (struct job){ first, last, NULL };
    pthread_mutex_lock(&queue.lock);
    *queue.tail = job;
    queue.tail = &job->next;
    pthread_cond_signal(&queue.more);
    pthread_mutex_unlock(&queue.lock);
}

static void close_queue(void)
{
    pthread_mutex_lock(&queue.lock);
    queue.closed = 1;
    pthread_cond_broadcast(&queue.more);
    pthread_mutex_unlock(&queue.lock);
}

/* The next job; NULL when the queue is empty and closed. */
static struct job *next_job(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.head && !queue.closed)
        pthread_cond_wait(&queue.more, &queue.lock);
    struct job *job = queue.head;
    if (job && !(queue.head = job->next))
        queue.tail = &queue.head;
    pthread_mutex_unlock(&queue.lock);
    return job;
}

static void *work(void *argument)
{
    long *sum = argument;
    struct job *job;

    while ((job = next_job()) != NULL) {
        for (long n = job->first; n < job->last; n++)
            *sum += n * n;
        SIMREC_PROBE(jobs_done, job->first);
        free(job);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int workers = argc > 1 ? atoi(argv[1]) : 3;
    pthread_t threads[MOST_WORKERS];
    long sums[MOST_WORKERS] = { 0 }, total = 0;

    if (workers < 1 || workers > MOST_WORKERS) {
        fprintf(stderr, "usage: work_queue [WORKERS], 1 to %d\n", MOST_WORKERS);
        return 2;
    }
    for (int i = 0; i < workers; i++)
        pthread_create(&threads[i], NULL, work, &sums[i]);
    for (long i = 0; i < JOBS; i++)
        submit(10 * i, 10 * i + 10);
    close_queue();
    for (int i = 0; i < workers; i++) {
        pthread_join(threads[i], NULL);
        total += sums[i];
    }
    printf("%d jobs, sum of squares below %d: %ld\n", JOBS, 10 * JOBS, total);
    return 0;
}
