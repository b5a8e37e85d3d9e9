-- Table `slice`: which thread each hart was given to (0: idle), from `start` to `finish` (ticks). The first
-- `cost` ticks of a slice go to the switch. `left_by` is the reason of the switch that ended it.
CREATE TABLE slice AS
SELECT
    hart, seq, next AS tid, prev, reason, cost, tick AS start,
    coalesce(lead(tick) OVER lane, bounds.ticks) AS finish,
    coalesce(lead(tick) OVER lane, bounds.ticks) - tick AS ticks,
    lead(reason) OVER lane AS left_by
FROM context_switch, bounds
WINDOW lane AS (PARTITION BY hart ORDER BY seq)
