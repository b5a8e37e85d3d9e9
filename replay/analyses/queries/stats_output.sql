-- Bytes written, by file descriptor.
SELECT fd, count(*) AS writes, sum(octet_length(data)) AS bytes FROM output GROUP BY fd ORDER BY fd
