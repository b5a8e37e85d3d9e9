-- The newest write to any of the bytes that each row of `asked` names: those of [low, high) in the memory of
-- process pid, written at an event in [first, last]. A store, an atomic that stored, or the kernel.
WITH owner AS (SELECT tid, pid FROM thread WHERE action = 'created'),
near AS (
    SELECT i.seq, i.tid, i.pc, o.pid, i.address
    FROM instruction i JOIN owner o USING (tid)
    WHERE i.address > (SELECT min(low) FROM asked) - 8 AND i.address < (SELECT max(high) FROM asked)
      AND i.seq <= (SELECT max(last) FROM asked)
),
writes AS (
    SELECT n.seq, n.tid, n.pc, n.pid, n.address, c.size
    FROM near n ASOF JOIN code c ON n.pid = c.pid AND n.pc = c.pc AND n.seq >= c.seq
    WHERE c.effect = 'store'
    UNION ALL
    SELECT a.seq, a.tid, a.pc, o.pid, a.address, a.size
    FROM atomic a JOIN owner o USING (tid)
    WHERE a.action <> 'lr' AND a.success
    UNION ALL
    SELECT seq, 0 AS tid, 0 AS pc, pid, address, octet_length(data) AS size FROM kernel_write
)
SELECT w.seq, w.tid, w.pc
FROM writes w JOIN asked a
    ON w.pid = a.pid AND w.address < a.high AND w.address + w.size > a.low AND w.seq BETWEEN a.first AND a.last
ORDER BY w.seq DESC
LIMIT 1
