"""A state as plain data: what `simrec replay --at N --json` prints."""

from dataclasses import asdict
from typing import Any

from replay.analyses.contention import locks_at
from replay.listing import line_of, read_events
from replay.recording import Recording
from sim.isa.registers import ABI_NAMES, FLOAT_NAMES
from sim.signals import members


def state_as_json(recording: Recording, seq: int) -> dict[str, Any]:
    """The state just after event ``seq``: kernel tables by name, threads with registers and call stack."""
    world = recording.state(seq)
    line = line_of(recording, next(read_events(recording, seq, seq)))
    return {
        "run": recording.log.run.id,
        "seq": seq,
        "tick": world.tick,
        "event": {
            "kind": line.event.kind,
            "hart": line.hart,
            "tid": line.tid,
            "source": line.source,
            "code": line.code,
            "effect": line.effect,
        },
        "harts": [
            {"hart": i, "tid": hart.tid, "retired": hart.retired} for i, hart in enumerate(world.harts)
        ],
        "run_queue": list(world.run_queue),
        "threads": [
            {
                "tid": thread.tid,
                "pid": thread.pid,
                "state": thread.state,
                "hart": thread.hart,
                "on": thread.on,
                "address": thread.address,
                "until": thread.until,
                "status": thread.status,
                "policy": thread.policy,
                "priority": thread.priority,
                "nice": thread.nice,
                "tickets": thread.tickets,
                "affinity": thread.affinity,
                "level": thread.level,
            }
            | (
                {}
                if thread.state == "exited"
                else {
                    "blocked_signals": members(thread.signals.mask),
                    "pending_signals": [sent.number for sent in thread.signals.pending],
                    "pc": thread.pc,
                    "place": str(recording.place(thread.pc)),
                    "registers": dict(zip(ABI_NAMES, thread.registers, strict=True)),
                    "floats": dict(zip(FLOAT_NAMES, thread.floats, strict=True)),
                    "fcsr": thread.fcsr,
                    "calls": [
                        {"function": recording.address_name(target), "return_address": link, "sp": sp}
                        for target, link, sp in thread.calls.kept()
                    ],
                }
            )
            for thread in world.threads.values()
        ],
        "futexes": [
            {"pid": pid, "address": address, "name": recording.address_name(address), "waiters": tids}
            for (pid, address), tids in world.futexes.items()
        ],
        "locks": [asdict(lock) for lock in locks_at(recording.log, seq)],
        "coroutines": [
            {
                "frame": c.frame,
                "state": c.state,
                "bytes": c.size,
                "pc": c.pc,
                "tid": c.tid,
                "function": c.function,
            }
            for c in world.coroutines.values()
        ],
        "memory": [
            {"pid": p.pid, "start": r.start, "end": r.end, "permissions": r.permissions, "name": r.name}
            for p in world.processes.values()
            for r in p.space.regions
        ],
        "files": [
            {"pid": process.pid, "fd": fd, "cloexec": entry.cloexec} | asdict(world.files.opened[entry.file])
            for process in world.processes.values()
            for fd, entry in sorted(process.files.items())
        ],
        "pipes": {str(number): len(pipe.data) for number, pipe in world.files.pipes.items()},
        "output": {str(fd): out.tail.decode("utf-8", "replace") for fd, out in world.output.items()},
        "ended": world.ended,
    }
