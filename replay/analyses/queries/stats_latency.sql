-- Scheduling latency: ticks from runnable to running, of all threads (tid NULL) and of each.
SELECT
    tid, count(*) AS count, avg(ticks) AS mean, quantile_cont(ticks, 0.5) AS p50, quantile_cont(ticks, 0.95) AS p95,
    max(ticks) AS max
FROM state
WHERE state = 'ready' AND next_state = 'running'
GROUP BY GROUPING SETS ((), (tid))
ORDER BY tid NULLS FIRST
