-- Bytes written, by process and file descriptor.
SELECT pid, fd, count(*) AS writes, sum(octet_length(data)) AS bytes FROM output GROUP BY pid, fd ORDER BY pid, fd
