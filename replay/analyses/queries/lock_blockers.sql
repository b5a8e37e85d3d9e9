-- Who waits for whom: contended requests by waiter, blocker, and where the blocker had taken the lock.
-- Blocker 0: the log doesn't say.
SELECT
    lock, pid, tid AS waiter, blocker, blocker_site, blocker_source,
    count(*) AS contentions, sum(wait) AS wait_total, max(wait) AS wait_max
FROM intervals
WHERE contended
GROUP BY lock, pid, tid, blocker, blocker_site, blocker_source
ORDER BY wait_total DESC, contentions DESC, lock, waiter, blocker
