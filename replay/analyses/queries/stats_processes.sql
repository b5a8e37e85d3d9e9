-- Per process. `ran` (pid, program) has a row for each; busy: ticks that its threads had a hart. page_faults:
-- pages that came, or were copied to be written to, while it ran (not those of its loading).
WITH marks AS (
    SELECT pid, seq, true AS loading FROM process WHERE action IN ('created', 'exec')
    UNION ALL
    SELECT pid, seq, false FROM thread WHERE action IN ('created', 'loaded')
),
faults AS (
    SELECT came.pid, count(*) AS page_faults
    FROM memory_map came ASOF JOIN marks ON came.pid = marks.pid AND came.seq >= marks.seq
    WHERE came.action IN ('paged_in', 'copied') AND NOT marks.loading
    GROUP BY came.pid
),
begun AS (
    SELECT pid, max(parent) AS parent, min(tick) AS tick FROM process WHERE action IN ('created', 'forked') GROUP BY pid
),
ended AS (
    SELECT pid, action AS ending, status, tick FROM process WHERE action IN ('exited', 'signalled')
),
stays AS (
    SELECT pid, sum(ticks) AS busy FROM state WHERE state = 'running' GROUP BY pid
),
work AS (
    SELECT pid, sum(instructions) AS instructions FROM retired JOIN thread_process USING (tid) GROUP BY pid
),
switched AS (
    SELECT pid, count(*) AS switches FROM slice JOIN thread_process USING (tid) GROUP BY pid
),
called AS (
    SELECT pid, count(*) AS syscalls FROM syscall JOIN thread_process USING (tid) WHERE action = 'enter' GROUP BY pid
),
counted AS (
    SELECT pid, count(*) AS threads FROM thread_process GROUP BY pid
)
SELECT
    ran.pid, program, coalesce(parent, 0) AS parent, coalesce(threads, 0) AS threads,
    coalesce(instructions, 0) AS instructions, coalesce(busy, 0) AS busy_ticks,
    coalesce(ended.tick, bounds.ticks) - begun.tick AS lifetime,
    coalesce(switches, 0) AS switches, coalesce(page_faults, 0) AS page_faults, coalesce(syscalls, 0) AS syscalls,
    ending, status
FROM bounds, ran
LEFT JOIN begun USING (pid) LEFT JOIN ended USING (pid) LEFT JOIN stays USING (pid) LEFT JOIN work USING (pid)
LEFT JOIN switched USING (pid) LEFT JOIN called USING (pid) LEFT JOIN counted USING (pid)
LEFT JOIN faults USING (pid)
ORDER BY ran.pid
