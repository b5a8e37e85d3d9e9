-- Sleeps in the kernel and ends of threads from event $first to event $last.
SELECT seq, tick, tid, 'sleep' AS what FROM futex WHERE action = 'wait' AND seq BETWEEN $first AND $last
UNION ALL
SELECT seq, tick, tid, 'exit' FROM thread WHERE action = 'exited' AND seq BETWEEN $first AND $last
ORDER BY seq
