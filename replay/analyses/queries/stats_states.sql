-- Time that each thread spent in each state, by what it was blocked on; share is of all its states.
SELECT
    tid, state, "on", count(*) AS times, sum(ticks) AS ticks,
    sum(ticks) / nullif(sum(sum(ticks)) OVER (PARTITION BY tid), 0) AS share
FROM state
GROUP BY tid, state, "on"
ORDER BY tid, ticks DESC, state
