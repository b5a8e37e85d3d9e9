-- What a thread is called by: the first function that it called.
SELECT tid, arg_min(target, seq) AS function FROM stack WHERE action = 'call' GROUP BY tid
