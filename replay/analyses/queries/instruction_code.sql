-- View `instruction_code`: what retired, with its process and with what stood at its pc when it did.
CREATE VIEW instruction_code AS
WITH spans AS (
    SELECT *, lead(seq, 1, 9223372036854775807) OVER (PARTITION BY pid, pc ORDER BY seq) AS until FROM code
)
SELECT
    i.seq, i.tick, i.hart, spans.pid, i.tid, i.pc, i.value, i.address,
    effect, disassembly, function, file, line
FROM instruction i JOIN thread_process owner USING (tid)
JOIN spans ON spans.pid = owner.pid AND spans.pc = i.pc AND i.seq >= spans.seq AND i.seq < spans.until
