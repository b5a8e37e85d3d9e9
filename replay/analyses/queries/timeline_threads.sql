-- What a thread may be called by: the functions that it called, the first one first.
SELECT tid, target, min(seq) AS seq FROM stack WHERE action = 'call' GROUP BY tid, target ORDER BY tid, min(seq)
