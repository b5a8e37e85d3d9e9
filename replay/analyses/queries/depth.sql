-- Run-queue depth: the number of ready threads from each tick at which it changed, until the next.
WITH changes AS (
    SELECT start AS tick, 1 AS change FROM state WHERE state = 'ready'
    UNION ALL
    SELECT finish, -1 FROM state WHERE state = 'ready' AND next_state IS NOT NULL
),
net AS (
    SELECT tick, sum(change) AS change FROM changes GROUP BY tick HAVING sum(change) <> 0
)
SELECT tick, sum(change) OVER (ORDER BY tick) AS depth FROM net ORDER BY tick
