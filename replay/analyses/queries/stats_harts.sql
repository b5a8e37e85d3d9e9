-- Per hart. busy: it had a thread (the window less that is idle); instruction_ticks by the run's costs;
-- switch_ticks by the events; trap_ticks: the rest of busy, in system calls, page faults and TLB misses.
WITH used AS (
    SELECT
        hart,
        coalesce(sum(ticks) FILTER (tid <> 0), 0) AS busy,
        coalesce(sum(least(cost, ticks)) FILTER (tid <> 0), 0) AS switch_ticks,
        count(*) AS switches
    FROM slice GROUP BY hart
),
work AS (
    SELECT hart, sum(instructions) AS instructions, sum(ticks) AS ticks, sum(coroutine_ticks) AS coroutine_ticks
    FROM retired GROUP BY hart
),
each AS (
    SELECT
        number.hart, bounds.ticks AS window_ticks, coalesce(busy, 0) AS busy, coalesce(instructions, 0) AS instructions,
        coalesce(work.ticks, 0) AS instruction_ticks, coalesce(switch_ticks, 0) AS switch_ticks,
        coalesce(coroutine_ticks, 0) AS coroutine_ticks, coalesce(switches, 0) AS switches
    FROM bounds, range(bounds.harts) AS number(hart)
    LEFT JOIN used ON used.hart = number.hart LEFT JOIN work ON work.hart = number.hart
),
measured AS (
    SELECT *, greatest(busy - instruction_ticks - switch_ticks, 0) AS trap_ticks FROM each
)
SELECT
    hart, instructions, busy AS busy_ticks, window_ticks - busy AS idle_ticks,
    busy / nullif(window_ticks, 0) AS utilisation,
    instructions / nullif(window_ticks, 0) AS ipc,
    (trap_ticks + switch_ticks + coroutine_ticks) / nullif(busy, 0) AS overhead,
    instruction_ticks, trap_ticks, switch_ticks, coroutine_ticks, switches
FROM measured ORDER BY hart
