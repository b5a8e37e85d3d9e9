-- For each frame of `asked` (number; thread tid, in it from event enter to event leave; it takes the bytes
-- [low, high) of the stack): the last value that the thread stored at each address in it.
WITH owner AS (SELECT tid, pid FROM thread WHERE action = 'created'),
near AS (
    SELECT i.seq, i.tid, i.pc, i.value, i.address
    FROM instruction i
    WHERE i.seq BETWEEN (SELECT min(enter) FROM asked) AND (SELECT max(leave) FROM asked)
      AND i.address BETWEEN (SELECT min(low) FROM asked) AND (SELECT max(high) FROM asked)
),
stores AS (
    SELECT n.seq, n.tid, n.value, n.address, c.disassembly
    FROM near n JOIN owner o USING (tid)
    ASOF JOIN code c ON o.pid = c.pid AND n.pc = c.pc AND n.seq >= c.seq
    WHERE c.effect = 'store'
)
SELECT a.number, s.address, arg_max(s.value, s.seq) AS value, arg_max(s.disassembly, s.seq) AS disassembly
FROM asked a JOIN stores s
    ON s.tid = a.tid AND s.seq BETWEEN a.enter AND a.leave AND s.address >= a.low AND s.address < a.high
GROUP BY a.number, s.address
ORDER BY a.number, s.address DESC
