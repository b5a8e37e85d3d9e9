-- Sleeps in the kernel and ends of threads up to event $last.
SELECT seq, tick, tid, 'sleep' AS what FROM futex WHERE action = 'wait' AND seq <= $last
UNION ALL
SELECT seq, tick, tid, 'exit' FROM thread WHERE action = 'exited' AND seq <= $last
ORDER BY seq
