-- Calls of lock functions ($entries: their addresses) up to event $last, in order.
SELECT seq, tick, tid, pc, target, sp, link, a0 AS lock
FROM stack
WHERE action = 'call' AND target IN (SELECT unnest($entries)) AND seq <= $last
ORDER BY seq
