-- Where a thread was at each row of `asked` (seq, tid): the pc of its next instruction after that event and
-- of its last one before it, if they are less than $window events away.
WITH near AS (
    SELECT DISTINCT unnest([seq // $window - 1, seq // $window, seq // $window + 1]) AS stretch FROM asked
),
rows AS (
    SELECT seq, tid, pc FROM instruction WHERE seq // $window IN (SELECT stretch FROM near)
),
after AS (
    SELECT asked.seq, CASE WHEN r.seq < (asked.seq // $window + 2) * $window THEN r.pc END AS pc
    FROM asked ASOF LEFT JOIN rows r ON asked.tid = r.tid AND asked.seq < r.seq
),
before AS (
    SELECT asked.seq, CASE WHEN r.seq >= (asked.seq // $window - 1) * $window THEN r.pc END AS pc
    FROM asked ASOF LEFT JOIN rows r ON asked.tid = r.tid AND asked.seq >= r.seq
)
SELECT seq, after.pc AS after_pc, before.pc AS before_pc FROM after JOIN before USING (seq)
