-- How long it took, in ticks: the requests that are done, from arrival to end, and what of it they spent where; and
-- operations of the I/O device, from submission to completion, and what of it they queued.
WITH times AS (
    SELECT 1 AS place, 'latency' AS part, latency AS ticks FROM served WHERE done IS NOT NULL
    UNION ALL
    SELECT 2, 'backlog', wait FROM served WHERE done IS NOT NULL
    UNION ALL
    SELECT 3, 'service', service FROM served WHERE done IS NOT NULL
    UNION ALL
    SELECT 4, 'I/O', ticks FROM io WHERE action = 'completed'
    UNION ALL
    SELECT 5, 'I/O queue', ticks FROM io WHERE action = 'started'
)
SELECT
    part, count(*) AS count, min(ticks) AS min, avg(ticks) AS mean, quantile_cont(ticks, 0.5) AS p50,
    quantile_cont(ticks, 0.95) AS p95, quantile_cont(ticks, 0.99) AS p99, max(ticks) AS max
FROM times
GROUP BY place, part
ORDER BY place
