"""A state as plain data: what `simrec replay --at N --json` prints."""

from dataclasses import asdict
from typing import Any

from replay.analyses.contention import locks_at
from replay.listing import line_of, read_events
from replay.names import Names
from replay.recording import Recording
from replay.view import WHOLE, Part, output_of
from sim.isa.registers import ABI_NAMES, FLOAT_NAMES
from sim.signals import members
from sim.thread import Thread
from sim.world import World


def state_as_json(recording: Recording, seq: int, part: Part = WHOLE) -> dict[str, Any]:
    """(A part of) the state just after event ``seq``: kernel tables by name, threads with registers and call
    stack."""
    world = recording.state(seq)
    line = line_of(recording, next(read_events(recording, seq, seq)))
    processes = [p for p in world.processes.values() if part.has(p.pid, *p.threads)]
    return {
        "run": recording.log.run.id,
        "seq": seq,
        "tick": world.tick,
        "event": {
            "kind": line.event.kind,
            "hart": line.hart,
            "pid": line.pid,
            "tid": line.tid,
            "source": line.source,
            "code": line.code,
            "effect": line.effect,
        },
        "harts": [
            {"hart": i, "tid": hart.tid, "retired": hart.retired} for i, hart in enumerate(world.harts)
        ],
        "run_queue": list(world.run_queue),
        "processes": [
            {"pid": p.pid, "parent": p.parent, "name": p.name, "state": p.state, "status": p.status}
            for p in processes
        ],
        "threads": [
            _thread(recording.names(thread.pid, seq), thread)
            for thread in world.threads.values()
            if part.has(thread.pid, thread.tid)
        ],
        "futexes": [
            _futex(recording, world, key, tids)
            for key, tids in world.futexes.items()
            if any(part.has(world.threads[tid].pid, tid) for tid in tids)
        ],
        "locks": [
            asdict(lock)
            for lock in locks_at(recording, seq)
            if part.has(lock.pid, lock.holder, *lock.waiting)
        ],
        "coroutines": [
            {
                "pid": c.pid,
                "frame": c.frame,
                "state": c.state,
                "bytes": c.size,
                "pc": c.pc,
                "tid": c.tid,
                "function": c.function,
            }
            for c in world.coroutines.values()
            if part.has(c.pid, c.tid)
        ],
        "memory": [
            {"pid": p.pid, "start": r.start, "end": r.end, "permissions": r.permissions, "name": r.name}
            for p in processes
            for r in p.space.regions
        ],
        "files": [
            {"pid": process.pid, "fd": fd, "cloexec": entry.cloexec} | asdict(world.files.opened[entry.file])
            for process in processes
            for fd, entry in sorted(process.files.items())
        ],
        "pipes": {str(number): len(pipe.data) for number, pipe in world.files.pipes.items()},
        "operations": [
            asdict(operation)
            for table in (world.operations.in_service, world.operations.queued)
            for operation in table.values()
        ],
        "requests": {
            "arrived": world.requests.arrived,
            "done": world.requests.done,
            "backlog": [asdict(request) for request in world.requests.backlog.values()],
            "in_service": [asdict(request) for request in world.requests.in_service.values()],
        },
        "output": {
            str(fd): out.tail.decode("utf-8", "replace")
            for fd, out in output_of(recording, world, part).items()
        },
        "ended": world.ended,
    }


def _futex(recording: Recording, world: World, key: tuple[int, int], tids: list[int]) -> dict[str, Any]:
    """Its process and address, 0 and its place in physical memory for one that processes share; the name is
    that of its first waiter."""
    first = world.threads[tids[0]]
    name = recording.names(first.pid, world.seq).address_name(first.address)
    return {"pid": key[0], "address": key[1], "name": name, "waiters": tids}


def _thread(names: Names, thread: Thread) -> dict[str, Any]:
    """What it does; while it lives, also its registers and calls."""
    told = {
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
    if thread.state == "exited":
        return told
    return told | {
        "blocked_signals": members(thread.signals.mask),
        "pending_signals": [sent.number for sent in thread.signals.pending],
        "pc": thread.pc,
        "place": str(names.place(thread.pc)),
        "registers": dict(zip(ABI_NAMES, thread.registers, strict=True)),
        "floats": dict(zip(FLOAT_NAMES, thread.floats, strict=True)),
        "fcsr": thread.fcsr,
        "calls": [
            {"function": names.address_name(target), "return_address": link, "sp": sp}
            for target, link, sp in thread.calls.kept()
        ],
    }
