-- Instructions retired per tick, by stretches of $step ticks from tick $low, events $first to $last.
SELECT $low + ((tick - $low) // $step) * $step AS tick, count(*) / $step AS per_tick
FROM instruction
WHERE seq BETWEEN $first AND $last
GROUP BY (tick - $low) // $step ORDER BY 1
