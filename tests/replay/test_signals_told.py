"""What listings and states say of signals."""

from collections.abc import Callable

import rig
from signal_programs import PRELUDE

from replay.describe import describe
from replay.listing import read_events
from replay.statejson import state_as_json
from replay.threadview import thread_lines

PROGRAM = (
    PRELUDE
    + """
_start: handle  SIGUSR1, handler, SA_RESTART
        answer  SIGTERM, 1
        block   SIG_BLOCK, 1 << (SIGUSR1 - 1)
        block   SIG_BLOCK, -1
        block   SIG_SETMASK, 1 << (SIGUSR1 - 1)
        raise   SIGUSR1
        raise   SIGTERM
        block   SIG_SETMASK, 0
        raise   SIGABRT
handler: ret
"""
)


def test_signals_in_words(record: Callable[..., rig.Recorded]) -> None:
    recording = record(PROGRAM).recording
    words = [
        describe(recording, event)
        for event in read_events(recording, 0, recording.last_seq)
        if event.kind == "signal"
    ]
    assert words == [
        "process 1 handles SIGUSR1: handler",
        "process 1 ignores SIGTERM",
        "thread 1 blocks SIGUSR1",
        "thread 1 blocks all signals but SIGKILL, SIGSTOP",
        "thread 1 blocks SIGUSR1",
        "SIGUSR1 sent to thread 1 by thread 1",
        "SIGTERM to thread 1 by thread 1 is ignored",
        "thread 1 blocks no signals",
        "thread 1 handles SIGUSR1: goes on in handler",
        "thread 1 goes back from a handler, blocking no signals",
        "SIGABRT sent to thread 1 by thread 1",
    ]


def test_states_name_what_is_blocked_and_pending_and_the_handler(record: Callable[..., rig.Recorded]) -> None:
    recording = record(PROGRAM).recording
    events = [e for e in read_events(recording, 0, recording.last_seq) if e.kind == "signal"]
    sent = next(event for event in events if event.action == "sent")
    world = recording.state(sent.seq)
    lines = [*thread_lines(recording.names(1, sent.seq), world, world.threads[1], None, ())]
    assert "  blocks SIGUSR1" in lines and "  pending: SIGUSR1" in lines
    (thread,) = state_as_json(recording, sent.seq)["threads"]
    assert (thread["blocked_signals"], thread["pending_signals"]) == ([10], [10])
    delivered = next(event for event in events if event.action == "delivered")
    (thread,) = state_as_json(recording, delivered.seq)["threads"]
    assert [call["function"] for call in thread["calls"]] == ["handler"]
    assert (thread["blocked_signals"], thread["pending_signals"]) == ([10], [])
    returned = next(event for event in events if event.action == "returned")
    (thread,) = state_as_json(recording, returned.seq)["threads"]
    assert thread["calls"] == []
