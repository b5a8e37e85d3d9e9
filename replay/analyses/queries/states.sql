-- Table `state`: what each thread was in, from `start` to `finish` (ticks), one row per stay; a stay that the
-- log doesn't end ends with it. `reason` of a ready thread: created, preempted, yielded or woken (by `by`).
CREATE TABLE state AS
WITH moves AS (
    SELECT *, lag(action) OVER life AS before, lead(tick) OVER life AS next_tick, lead(action) OVER life AS next_action
    FROM thread
    WHERE action IN ('created', 'ready', 'running', 'blocked', 'exited')
    WINDOW life AS (PARTITION BY tid ORDER BY seq)
)
SELECT
    seq, tid, pid, action AS state, tick AS start, coalesce(next_tick, bounds.ticks) AS finish,
    coalesce(next_tick, bounds.ticks) - tick AS ticks, next_action AS next_state, hart, "on", address, "by",
    CASE WHEN action <> 'ready' THEN ''
         WHEN before = 'created' THEN 'created'
         WHEN before = 'blocked' THEN 'woken'
         WHEN hart >= 0 THEN 'preempted'
         ELSE 'yielded' END AS reason
FROM moves, bounds
WHERE action IN ('ready', 'running', 'blocked')
