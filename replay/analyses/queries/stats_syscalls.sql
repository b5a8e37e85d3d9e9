-- System calls by name. blocked: ticks from entering to leaving, less the cost of the call itself; failed:
-- answered with an error number. Calls that never return (exit) have no time.
WITH paired AS (
    SELECT name, action, tick, lead(action) OVER call AS after, lead(tick) OVER call AS left_at,
           lead(result) OVER call AS result
    FROM syscall WINDOW call AS (PARTITION BY tid ORDER BY seq)
)
SELECT
    name, count(*) AS count,
    count(*) FILTER (after = 'exit' AND result BETWEEN -4095 AND -1) AS failed,
    avg(left_at - tick) FILTER (after = 'exit') AS blocked_mean,
    max(left_at - tick) FILTER (after = 'exit') AS blocked_max
FROM paired WHERE action = 'enter'
GROUP BY name ORDER BY count DESC, name
