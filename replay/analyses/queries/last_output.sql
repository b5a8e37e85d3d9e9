-- The last writes to standard output, in order.
SELECT data FROM (SELECT seq, data FROM output WHERE fd = 1 ORDER BY seq DESC LIMIT $writes) ORDER BY seq
