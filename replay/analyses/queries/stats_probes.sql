-- The program's own probes: how often each was passed, per 1,000 ticks of the run, and between its first and
-- its last passing.
SELECT
    number, count(*) AS count,
    1000 * count(*) / nullif(any_value(bounds.ticks), 0) AS per_1000_ticks,
    1000 * (count(*) - 1) / nullif(max(tick) - min(tick), 0) AS per_1000_ticks_between,
    min(tick) AS first_tick, max(tick) AS last_tick
FROM probe, bounds
WHERE number >= 0
GROUP BY number ORDER BY number
