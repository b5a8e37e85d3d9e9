-- Requests by thread: how many it took and finished, and the mean ticks of service of those that it finished.
WITH deeds AS (
    SELECT taken_by AS tid, 1 AS taken, 0 AS done, NULL AS service FROM served WHERE taken IS NOT NULL
    UNION ALL
    SELECT done_by, 0, 1, service FROM served WHERE done IS NOT NULL
)
SELECT tid, sum(taken) AS taken, sum(done) AS done, avg(service) AS service_mean
FROM deeds
GROUP BY tid
ORDER BY tid
