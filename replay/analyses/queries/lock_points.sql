-- Where threads wait: contended requests by call site.
SELECT
    lock, pid, site, source,
    count(*) AS contentions, sum(wait) AS wait_total, avg(wait) AS wait_avg, max(wait) AS wait_max
FROM intervals
WHERE contended
GROUP BY lock, pid, site, source
ORDER BY wait_total DESC, contentions DESC, lock, pid, site
