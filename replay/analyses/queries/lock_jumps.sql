-- Jumps into lock functions: tail calls, which leave no call event. $sites: addresses of jumps that can go
-- there. The stack pointer at the jump is that of the thread's last stack event.
WITH jumps AS (
    SELECT seq, tick, tid, pc, value AS target
    FROM instruction
    WHERE pc IN (SELECT unnest($sites)) AND value IN (SELECT unnest($entries)) AND seq <= $last
),
moved AS (
    SELECT seq, tid, sp FROM stack WHERE seq <= $last AND EXISTS (FROM jumps)
)
SELECT jumps.seq, jumps.tick, jumps.tid, jumps.pc, jumps.target, moved.sp
FROM jumps ASOF LEFT JOIN moved ON jumps.tid = moved.tid AND jumps.seq > moved.seq
ORDER BY jumps.seq
