-- Context switches by reason, and what they cost.
SELECT reason, count(*) AS count, sum(cost) AS ticks FROM context_switch GROUP BY reason ORDER BY count DESC, reason
