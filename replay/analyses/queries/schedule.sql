-- What the scheduler made of each thread, or with $process of each process (all of its threads together; tid NULL):
-- when it arrived (was ready for the first time), first ran and finished (NULL: it hasn't), in ticks; then spans of
-- ticks: turnaround = finish - arrival, response = first run - arrival, waiting (ready), running, blocked. share:
-- running / (running + waiting). switches: times that it was given a hart; preemptions: that one was taken from it.
WITH born AS (
    SELECT tid, pid FROM thread WHERE action = 'created'
),
died AS (
    SELECT tid, max(tick) AS finish FROM thread WHERE action = 'exited' GROUP BY tid
),
stays AS (
    SELECT
        tid,
        min(start) FILTER (state = 'ready') AS arrival,
        min(start) FILTER (state = 'running') AS first_run,
        coalesce(sum(ticks) FILTER (state = 'ready'), 0) AS waiting,
        coalesce(sum(ticks) FILTER (state = 'running'), 0) AS running,
        coalesce(sum(ticks) FILTER (state = 'blocked'), 0) AS blocked
    FROM state GROUP BY tid
),
given AS (
    SELECT next AS tid, count(*) AS switches FROM context_switch WHERE next <> 0 AND next <> prev GROUP BY next
),
taken AS (
    SELECT prev AS tid, count(*) AS preemptions FROM context_switch WHERE reason = 'preempted' GROUP BY prev
),
named AS (
    SELECT pid, arg_max(name, seq) AS program FROM process WHERE name <> '' GROUP BY pid
),
each AS (
    SELECT
        any_value(born.pid) AS pid, CASE WHEN $process = 0 THEN any_value(born.tid) END AS tid,
        any_value(coalesce(program, '')) AS program, count(*) AS threads,
        min(arrival) AS arrival, min(first_run) AS first_run,
        CASE WHEN count(finish) = count(*) THEN max(finish) END AS finish,
        sum(coalesce(waiting, 0)) AS waiting, sum(coalesce(running, 0)) AS running,
        sum(coalesce(blocked, 0)) AS blocked,
        sum(coalesce(switches, 0)) AS switches, sum(coalesce(preemptions, 0)) AS preemptions
    FROM born
    LEFT JOIN died USING (tid) LEFT JOIN stays USING (tid) LEFT JOIN given USING (tid) LEFT JOIN taken USING (tid)
    LEFT JOIN named USING (pid)
    GROUP BY CASE WHEN $process = 0 THEN born.tid ELSE born.pid END
)
SELECT
    pid, tid, program, threads, arrival, first_run, finish,
    finish - arrival AS turnaround, first_run - arrival AS response,
    waiting, running, blocked, running / nullif(running + waiting, 0) AS share, switches, preemptions
FROM each
ORDER BY pid, tid
