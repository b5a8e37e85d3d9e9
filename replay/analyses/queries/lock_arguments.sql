-- The value that a register had at each row of `asked` (seq, tid, register): what the thread's last
-- instruction, or system call, put there, if that is less than $window events ago.
WITH writers AS (
    SELECT DISTINCT pc, rd FROM code
    WHERE effect = 'register' AND rd IN (SELECT register FROM asked)
),
near AS (
    SELECT DISTINCT unnest([seq // $window, seq // $window - 1]) AS stretch FROM asked
),
written AS (
    SELECT i.seq, i.tid, w.rd, i.value
    FROM instruction i JOIN writers w USING (pc)
    WHERE i.seq // $window IN (SELECT stretch FROM near)
    UNION ALL
    SELECT seq, tid, 10, result FROM syscall WHERE action = 'exit'
)
SELECT asked.seq, CASE WHEN written.seq >= (asked.seq // $window - 1) * $window THEN written.value END AS value
FROM asked ASOF LEFT JOIN written
    ON asked.tid = written.tid AND asked.register = written.rd AND asked.seq > written.seq
ORDER BY asked.seq
