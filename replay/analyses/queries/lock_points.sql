-- Where threads wait: contended requests by call site.
SELECT
    lock, site, source,
    count(*) AS contentions, sum(wait) AS wait_total, avg(wait) AS wait_avg, max(wait) AS wait_max
FROM intervals
WHERE contended
GROUP BY lock, site, source
ORDER BY wait_total DESC, contentions DESC, lock, site
