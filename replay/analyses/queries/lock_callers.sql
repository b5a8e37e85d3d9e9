-- All calls of thread $tid before event $last, in order: whose call stacks lock calls are made from.
SELECT seq, pc, sp FROM stack WHERE action = 'call' AND tid = $tid AND seq <= $last ORDER BY seq
