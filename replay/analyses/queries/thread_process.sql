-- View `thread_process`: the process of each thread.
CREATE VIEW thread_process AS SELECT DISTINCT tid, pid FROM thread
