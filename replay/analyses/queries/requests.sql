-- Table `served`: each request that arrived: the ticks at which it arrived, was taken and was done, and by which
-- threads (NULL: never); `wait` in the backlog, `service` and `latency`, their sum, in ticks.
CREATE TABLE served AS
SELECT
    arrived.number, arrived.seq, arrived.cpu, arrived.io, arrived.tick AS arrived, taken.tick AS taken,
    taken.tid AS taken_by, done.tick AS done, done.tid AS done_by, taken.ticks AS wait,
    done.tick - taken.tick AS service, done.ticks AS latency
FROM request AS arrived
LEFT JOIN request AS taken ON taken.number = arrived.number AND taken.action = 'taken'
LEFT JOIN request AS done ON done.number = arrived.number AND done.action = 'done'
WHERE arrived.action = 'arrived'
ORDER BY arrived.number
