-- When each row of `entered` (seq, tid, sp, link) returned, and with which a0: the thread's next return to
-- the call's return address with the call's stack pointer; for a tail call (link NULL) the next with its
-- stack pointer. Calls that never return are missing.
WITH returns AS (
    SELECT seq, tick, tid, sp, target, a0
    FROM stack
    WHERE action = 'return' AND seq <= $last
      AND (target IN (SELECT link FROM entered) OR EXISTS (FROM entered WHERE link IS NULL))
),
called AS (FROM entered WHERE link IS NOT NULL),
jumped AS (FROM entered WHERE link IS NULL)
SELECT called.seq AS entry, returns.seq, returns.tick, returns.a0
FROM called ASOF JOIN returns
    ON called.tid = returns.tid AND called.sp = returns.sp AND called.link = returns.target
    AND called.seq < returns.seq
UNION ALL
SELECT jumped.seq, returns.seq, returns.tick, returns.a0
FROM jumped ASOF JOIN returns
    ON jumped.tid = returns.tid AND jumped.sp = returns.sp AND jumped.seq < returns.seq
