-- What each coroutine did, from `start` to `finish` (ticks): suspended (new or saved), or running on a thread.
-- `born` is the event that created it; frames are used again.
WITH lives AS (
    SELECT *, max(seq) FILTER (action = 'created') OVER (PARTITION BY pid, frame ORDER BY seq) AS born
    FROM coroutine
),
steps AS (
    SELECT *, lead(tick) OVER (PARTITION BY pid, frame, born ORDER BY seq) AS next_tick,
           first(pc) OVER (PARTITION BY pid, frame, born ORDER BY seq) AS entry
    FROM lives
)
SELECT
    seq, pid, tid, frame, coalesce(born, -1) AS born, entry, size, pc,
    CASE action WHEN 'resumed' THEN 'running' WHEN 'finished' THEN 'finished' ELSE 'suspended' END AS state,
    tick AS start, coalesce(next_tick, bounds.ticks) AS finish
FROM steps, bounds
WHERE action <> 'destroyed'
ORDER BY seq
