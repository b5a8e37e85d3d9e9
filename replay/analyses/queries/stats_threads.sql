-- Per thread. lifetime: from its creation to its exit or the end of the log; utilisation: running / lifetime;
-- ipc and overhead: per running tick.
WITH born AS (
    SELECT tid, pid, min(tick) AS tick FROM thread WHERE action = 'created' GROUP BY tid, pid
),
died AS (
    SELECT tid, max(tick) AS tick FROM thread WHERE action = 'exited' GROUP BY tid
),
stays AS (
    SELECT
        tid,
        coalesce(sum(ticks) FILTER (state = 'running'), 0) AS running,
        coalesce(sum(ticks) FILTER (state = 'ready'), 0) AS ready,
        coalesce(sum(ticks) FILTER (state = 'blocked'), 0) AS blocked
    FROM state GROUP BY tid
),
switched AS (
    SELECT tid, count(*) AS switches, sum(least(cost, ticks)) AS switch_ticks FROM slice WHERE tid <> 0 GROUP BY tid
),
work AS (
    SELECT tid, sum(instructions) AS instructions, sum(ticks) AS ticks, sum(coroutine_ticks) AS coroutine_ticks
    FROM retired GROUP BY tid
),
called AS (
    SELECT tid, count(*) AS syscalls FROM syscall WHERE action = 'enter' GROUP BY tid
)
SELECT
    born.tid, born.pid, coalesce(instructions, 0) AS instructions,
    coalesce(died.tick, bounds.ticks) - born.tick AS lifetime,
    coalesce(running, 0) AS running, coalesce(ready, 0) AS ready, coalesce(blocked, 0) AS blocked,
    running / nullif(coalesce(died.tick, bounds.ticks) - born.tick, 0) AS utilisation,
    instructions / nullif(running, 0) AS ipc,
    (greatest(running - coalesce(work.ticks, 0), coalesce(switch_ticks, 0)) + coalesce(coroutine_ticks, 0))
        / nullif(running, 0) AS overhead,
    coalesce(switches, 0) AS switches, coalesce(syscalls, 0) AS syscalls
FROM bounds, born
LEFT JOIN died USING (tid) LEFT JOIN stays USING (tid) LEFT JOIN switched USING (tid)
LEFT JOIN work USING (tid) LEFT JOIN called USING (tid)
ORDER BY born.tid
