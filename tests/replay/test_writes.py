"""`simrec writes`: who wrote a place, the newest first."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import rig

from replay.listing import read_events
from sim import events

FORK = """
        .data
        .balign 8
counter: .dword 5
        .text
_start: sys SYS_CLONE, 17, 0, 0, 0, 0
        la t0, counter
        li t1, 77
        beqz a0, child
        sys 260, -1, 0, 0, 0
        la t0, counter
        li t1, 6
        sd t1, 0(t0)
        sys SYS_EXIT, 0
child:  sd t1, 0(t0)
        sys SYS_EXIT, 0
"""


def test_the_newest_come_first(example: Any, simrec: Callable[..., Any]) -> None:
    recorded = example("counter_mutex")
    recording = recorded.recording
    (address,) = {a for a, _, name in recording.names(1, 0).program.objects if name == "counter"} or {
        a for a, name in recording.names(1, 0).program.symbols if name == "counter"
    }
    expected = [
        event.seq
        for event in read_events(recording, 0, recording.last_seq, ["instruction"])
        if isinstance(event, events.Instruction) and event.address == address
        if (row := recording.code_of(event.tid, event.pc, event.seq)) and row.effect == "store"
    ]
    shown = simrec(recorded, "writes", "counter")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert [int(line.split()[0]) for line in lines[1:]] == expected[-1:-11:-1]
    assert all("counter_mutex.asm:" in line for line in lines[1:])
    told = json.loads(simrec(recorded, "writes", "counter", "--last", "3", "--json").stdout)
    assert [each["seq"] for each in told["writes"]] == expected[-1:-4:-1]
    middle = expected[len(expected) // 2]
    earlier = simrec(recorded, "writes", "counter", "--before", str(middle), "--last", "1", "--json")
    assert json.loads(earlier.stdout)["writes"][0]["seq"] == expected[len(expected) // 2 - 1]


def test_each_process_has_its_own(record: Any, simrec: Callable[..., Any]) -> None:
    recorded = record(FORK)
    told = json.loads(simrec(recorded, "writes", "counter", "--json").stdout)["writes"]
    assert [(each["pid"], each["kind"]) for each in told] == [
        (1, "instruction"),
        (2, "instruction"),
        (1, "kernel_write"),
    ]
    child = json.loads(simrec(recorded, "writes", "counter", "--process", "2", "--json").stdout)["writes"]
    # What its parent did later is not there, and what it inherited is.
    assert [each["seq"] for each in child] == [told[1]["seq"], told[2]["seq"]]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nowhere"], 2, "nowhere: neither a number nor a symbol"),
        (["counter", "--before", "99999999"], 2, "has events 0 to"),
        (["counter", "--process", "9"], 2, "has no process 9"),
        (["0x7ffffff000"], 0, "nothing wrote the 8 bytes at 0x7ffffff000"),
        (["counter", "--before", "0"], 0, "before event 0"),
    ],
)
def test_what_can_t_be_answered_is_said(
    record: Any, simrec: Callable[..., Any], arguments: list[str], status: int, said: str
) -> None:
    first, *rest = arguments
    shown = simrec(record(FORK), "writes", first, *rest)
    assert (shown.exit_code, shown.stdout) == (status, "")
    assert said in shown.stderr


def test_a_store_to_address_0_of_a_bare_machine(record: Callable[..., rig.Recorded], simrec: Any) -> None:
    """There, an event without an address looks the same."""
    text = "li t0, 7\n sd t0, 0(zero)\n ebreak\n"
    recorded = record(text, bare=True, harts=1, place=0x1000, pc=0x1000)
    told = json.loads(simrec(recorded, "writes", "0", "--json").stdout)["writes"]
    assert [each["code"] for each in told if each["kind"] == "instruction"] == ["sd t0,0(zero)"]
