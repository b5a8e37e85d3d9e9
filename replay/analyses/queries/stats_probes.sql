-- The program's own probes: how often each was passed, per 1,000 ticks of the run, and between its first and
-- its last passing. `probe_name` has the names, of programs that a process runs from event `since` to `until`.
SELECT
    probe.number, coalesce(name, probe.number::VARCHAR) AS name, count(*) AS count,
    1000 * count(*) / nullif(any_value(bounds.ticks), 0) AS per_1000_ticks,
    1000 * (count(*) - 1) / nullif(max(tick) - min(tick), 0) AS per_1000_ticks_between,
    min(tick) AS first_tick, max(tick) AS last_tick
FROM bounds, probe JOIN thread_process USING (tid)
LEFT JOIN probe_name AS named ON named.pid = thread_process.pid AND named.number = probe.number
    AND probe.seq >= since AND probe.seq < until
WHERE probe.number >= 0
GROUP BY probe.number, 2 ORDER BY probe.number, 2
