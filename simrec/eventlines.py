"""Single events in what commands say: in words, as data, and the command that lists those around one."""

from typing import TYPE_CHECKING

from sim.text import printable

if TYPE_CHECKING:
    from replay.listing import Line
    from replay.recording import Recording


def around(recording: "Recording", line: "Line | None") -> str:
    """The command that lists the events around one, or the log's last ones."""
    seq = recording.last_seq if line is None else line.event.seq
    return f"simrec events --from {max(seq - 8, 0)} --to {seq + 8} {recording.log.run.id}"


def told_line(line: "Line | None", *, several: bool) -> str:
    """The event; with its process if there are ``several``."""
    if line is None:
        return "(no more events)"
    named = (("hart", line.hart), ("process", line.pid if several else None), ("thread", line.tid))
    where = " ".join(f"{name} {value}" for name, value in named if value is not None)
    parts = [f"event {line.event.seq}, tick {line.event.tick}", where, line.source, line.code, line.effect]
    return printable("  ".join(part for part in parts if part))


def plain_line(line: "Line | None") -> object:
    """The same for programs."""
    if line is None:
        return None
    event = line.event
    told = {"source": line.source, "code": line.code, "effect": line.effect}
    return {
        "seq": event.seq,
        "tick": event.tick,
        "kind": event.kind,
        "hart": line.hart,
        "pid": line.pid,
        "tid": line.tid,
    } | told
