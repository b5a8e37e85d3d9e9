-- Lock statistics, from `intervals`. Waits are those of contended requests, holds those of locks that are
-- held (not of semaphores); both in ticks, those that never ended up to the end of the log.
SELECT
    lock, kind, pid, address,
    count(*) FILTER (acquired_seq >= 0 AND outcome <> 'failed') AS acquisitions,
    count(*) FILTER (acquired_seq >= 0 AND outcome <> 'failed' AND mode = 'read') AS reads,
    count(*) FILTER (contended) AS contentions,
    coalesce(sum(wait) FILTER (contended), 0) AS wait_total,
    avg(wait) FILTER (contended) AS wait_avg,
    min(wait) FILTER (contended) AS wait_min,
    max(wait) FILTER (contended) AS wait_max,
    sum(hold) AS hold_total,
    avg(hold) AS hold_avg,
    min(hold) AS hold_min,
    max(hold) AS hold_max,
    count(*) FILTER (outcome = 'failed') AS failed_tries,
    count(*) FILTER (outcome IN ('waiting', 'died waiting')) AS never_acquired,
    count(*) FILTER (outcome IN ('held', 'died holding')) AS never_released,
    count(*) FILTER (outcome = 'release not seen') AS release_not_seen
FROM intervals
GROUP BY lock, kind, pid, address
ORDER BY wait_total DESC, acquisitions DESC, lock
