-- Table `retired`: instructions by hart and thread, the ticks that they took by the run's costs, and those
-- of them within the coroutine functions of the runtime library. `cost` has a row for each pc.
CREATE TABLE retired AS
WITH counted AS (
    SELECT hart, tid, pc, count(*) AS n FROM instruction GROUP BY hart, tid, pc
)
SELECT
    hart, tid, sum(n)::BIGINT AS instructions, sum(n * cost.ticks)::BIGINT AS ticks,
    coalesce(sum(n * cost.ticks) FILTER (cost.coroutine), 0)::BIGINT AS coroutine_ticks
FROM counted JOIN thread_process USING (tid) JOIN cost USING (pid, pc)
GROUP BY hart, tid
