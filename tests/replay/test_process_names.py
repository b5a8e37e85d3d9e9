"""Runs of several processes: everything is called what its own process, and the program it runs, call it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rig

from recorder.catalog import Catalog
from replay.analyses.contention import contention, locks_at
from replay.analyses.stats import stats
from replay.figures.timeline import timeline
from replay.listing import UnknownFilter, check_filters, line_of, read_events
from replay.query import run_query
from replay.recording import Recording
from replay.statejson import state_as_json
from replay.view import Part, view
from sim.isa.assembler import Source, build
from sim.kernel.tree import Mount

STORES = ["parquet", "sqlite"]
#: The same instructions whatever the names are: `step` is at one address, and so is the variable.
ALIKE = """
_start: li      s0, 40
1:      la      a0, {variable}
        call    {function}
        addi    s0, s0, -1
        bnez    s0, 1b
        la      a1, {variable}
        sys     SYS_WRITE, 1, , 1
        sys     SYS_EXIT, 0
        .type   {function}, @function
{function}: ld  t0, 0(a0)                # {comment}
        addi    t0, t0, {step}
        sd      t0, 0(a0)
        ret
        .data
        .align  3
{variable}: .dword 25
"""
APPLES = ALIKE.format(variable="apples", function="mutex_lock", comment="picks", step=1)
PEARS = ALIKE.format(variable="pears", function="gather", comment="gathers", step=2)


@pytest.fixture(scope="module")
def orchard(record: Callable[..., rig.Recorded]) -> Callable[[str], Recording]:
    """``orchard(store)``: the two of them, on one hart, in turns of 50 ticks."""
    made: dict[str, Recording] = {}

    def find(store: str) -> Recording:
        if store not in made:
            made[store] = record([APPLES, PEARS], store=store, harts=1, quantum=50).recording
        return made[store]

    return find


def stores_of(recording: Recording, tid: int) -> list[Any]:
    """The lines of a thread's stores."""
    found = read_events(recording, 0, recording.last_seq, ("instruction",), tid)
    return [line for event in found if (line := line_of(recording, event)).code.startswith("sd")]


def test_one_address_has_the_name_and_the_contents_of_its_process(
    orchard: Callable[[str], Recording],
) -> None:
    recording = orchard("parquet")
    first, second = stores_of(recording, 1), stores_of(recording, 2)
    assert {line.event.address for line in first} == {line.event.address for line in second}
    assert [line.effect for line in first] == [f"[apples] = {25 + n}" for n in range(1, 41)]
    assert [line.effect for line in second] == [f"[pears] = {25 + 2 * n}" for n in range(1, 41)]
    assert {(line.pid, line.tid) for line in first + second} == {(1, 1), (2, 2)}
    order = sorted(first + second, key=lambda line: line.event.seq)
    assert len({line.pid for line in order[:20]}) == 2, "they ran in turns"


def test_a_state_is_told_process_by_process(orchard: Callable[[str], Recording]) -> None:
    recording = orchard("parquet")
    seq = stores_of(recording, 2)[20].event.seq
    lines = list(view(recording, seq))
    assert "  instruction on hart 0, thread 2 of process 2: sd t0,0(a0)  [pears] = 67" in lines
    heads = [line for line in lines if line.startswith(("process", "thread"))]
    assert heads == [
        *("process 1 test.asm", "thread 1: ready"),
        *("process 2 test.asm", "thread 2: running on hart 0"),
    ]
    begins = [lines.index(head) for head in (heads[0], heads[2], "locks")]
    one, other = lines[begins[0] : begins[1]], lines[begins[1] : begins[2]]
    assert any("apples" in line for line in one) and not any("pears" in line for line in one)
    assert any("#0   gather" in line for line in other) and not any("apples" in line for line in other)
    assert lines[begins[2] + 1].startswith("  mutex apples of process 1: held by thread 1 since event")


def test_a_part_of_a_state(orchard: Callable[[str], Recording]) -> None:
    recording = orchard("parquet")
    last = recording.last_seq
    for part in (Part(pid=2), Part(tid=2)):
        lines = list(view(recording, last, part))
        assert "process 2 test.asm: exited with status 0" in lines
        assert not any(line.startswith(("process 1", "thread 1")) for line in lines)
        assert lines[lines.index("output so far on fd 1 (1 byte)") + 1] == "  i"  # 25 + 80
        plain = state_as_json(recording, last, part)
        assert ([t["tid"] for t in plain["threads"]], plain["output"]) == ([2], {"1": "i"})
    assert list(view(recording, last, Part(pid=1, tid=2)))[-1].startswith("the run has ended")
    assert "output so far on fd 1 (2 bytes)" in view(recording, last)


def test_a_state_as_json_has_its_processes(orchard: Callable[[str], Recording]) -> None:
    recording = orchard("parquet")
    plain = state_as_json(recording, stores_of(recording, 2)[20].event.seq)
    assert (plain["event"]["pid"], plain["event"]["effect"]) == (2, "[pears] = 67")
    assert [(p["pid"], p["name"], p["state"]) for p in plain["processes"]] == [
        (1, "test.asm", "running"),
        (2, "test.asm", "running"),
    ]
    assert {thread["tid"]: thread["pid"] for thread in plain["threads"]} == {1: 1, 2: 2}
    assert [thread["calls"][0]["function"] for thread in plain["threads"] if thread["tid"] == 2] == ["gather"]


def test_events_of_one_process(orchard: Callable[[str], Recording]) -> None:
    recording = orchard("parquet")
    whole = list(read_events(recording, 0, recording.last_seq))
    for pid in (1, 2):
        mine = list(read_events(recording, 0, recording.last_seq, pid=pid))
        expected = [
            event
            for event in whole
            if getattr(event, "pid", None) == pid
            or pid in (getattr(event, name, None) for name in ("tid", "prev", "next"))
        ]
        assert mine == expected  # pids are tids here
    with pytest.raises(UnknownFilter, match="has no process 3; there are 1, 2"):
        check_filters(recording, None, 3)


@pytest.mark.parametrize("store", STORES)
def test_a_lock_function_is_one_only_where_it_is_called_so(
    orchard: Callable[[str], Recording], store: str
) -> None:
    """`mutex_lock` of one process and `gather` of the other have one address."""
    log = orchard(store).log
    found = contention(log)
    assert [(row["lock"], row["pid"], row["acquisitions"]) for row in found.locks.to_pylist()] == [
        ("apples", 1, 40)
    ]
    assert found.functions == ("mutex_lock",)
    (held,) = locks_at(Recording(log), log.end_seq - 1)
    assert (held.name, held.pid) == ("apples", 1)


def test_locks_of_one_name_and_address_are_two(record: Callable[..., rig.Recorded]) -> None:
    mutex = rig.EXAMPLES / "counter_mutex.asm"
    recording = record([mutex, mutex], harts=2).recording
    found, pids = contention(recording.log), recording.pids
    rows = sorted((row["pid"], row["lock"], row["acquisitions"]) for row in found.locks.to_pylist())
    assert rows == [(1, "counter_lock", 4000), (2, "counter_lock", 4000)]
    for table, thread in ((found.intervals, "tid"), (found.blockers, "waiter")):
        assert all(pids[row[thread]] == row["pid"] for row in table.to_pylist())
    blocked = [row for row in found.blockers.to_pylist() if row["blocker"]]
    assert blocked and all(pids[row["blocker"]] == row["pid"] for row in blocked)


@pytest.mark.parametrize("store", STORES)
def test_numbers_by_process(orchard: Callable[[str], Recording], store: str) -> None:
    sections = stats(orchard(store).log)
    (run,) = sections["run"].to_pylist()
    rows = sections["processes"].to_pylist()
    threads = {row["pid"]: row for row in sections["threads"].to_pylist()}
    assert [(row["pid"], row["program"], row["ending"], row["status"]) for row in rows] == [
        (1, "test.asm", "exited", 0),
        (2, "test.asm", "exited", 0),
    ]
    assert run["processes"] == 2
    for name in ("instructions", "busy_ticks", "syscalls"):
        assert sum(row[name] for row in rows) == run[name]
    for row in rows:
        one = threads[row["pid"]]
        names = ("instructions", "switches", "lifetime")
        assert [row[name] for name in names] == [one[name] for name in names]
        assert (row["busy_ticks"], row["threads"], row["page_faults"]) == (one["running"], 1, 0)


def test_page_faults_are_those_of_the_running_program(record: Callable[..., rig.Recorded]) -> None:
    touching = "_start: la t0, area\n li t1, 4096\n {} sys SYS_EXIT, 0\n .bss\n .align 12\narea: .zero 20480"
    touch = "sd t1, 0(t0)\n add t0, t0, t1\n"
    made = record([touching.format(touch * 2), touching.format(touch * 5)])
    rows = stats(made.recording.log)["processes"].to_pylist()
    assert [row["page_faults"] for row in rows] == [2, 5]


def test_probes_are_called_what_their_own_program_calls_them(record: Callable[..., rig.Recorded]) -> None:
    probing = "_start: li a0, 1\n {} sys SYS_EXIT, 0"
    made = record([probing.format("probe sown, a0\n" * 2), probing.format("probe reaped, a0\n" * 3)])
    told = {row["name"]: row["count"] for row in stats(made.recording.log)["probes"].to_pylist()}
    assert told == {"sown": 2, "reaped": 3}


@pytest.mark.parametrize("store", STORES)
def test_sql_by_process(orchard: Callable[[str], Recording], store: str) -> None:
    def rows(sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = run_query(orchard(store).log, sql).to_pylist()
        return found

    assert rows("select * from thread_process order by tid") == [{"tid": 1, "pid": 1}, {"tid": 2, "pid": 2}]
    counted = rows("select pid, function, count(*) as n from instruction_code group by all order by all")
    by_name = {(row["pid"], row["function"]): row["n"] for row in counted}
    assert by_name[1, "mutex_lock"] == by_name[2, "gather"] == 160
    assert sum(by_name.values()) == rows("select count(*) as n from instruction")[0]["n"]
    assert len(by_name) == 4


def test_the_timeline_says_whose_threads_and_locks_they_are(orchard: Callable[[str], Recording]) -> None:
    text = timeline(orchard("parquet").log).figure.to_json()
    assert "thread 1 mutex_lock (process 1)" in text and "thread 2 gather (process 2)" in text
    assert "apples (process 1)" in text


def test_a_process_alone_is_not_told_of(example: Any, simrec: Any) -> None:
    hello = example("hello")
    text = "".join(simrec(hello, *words).stdout for words in (("events",), ("replay",), ("stats",)))
    assert "pid" not in text and "process 1 exited with status 0" in text


@pytest.mark.parametrize("command", ["events", "contention", "stats"])
def test_tables_have_a_column_for_processes(
    record: Callable[..., rig.Recorded], simrec: Any, command: str
) -> None:
    shown = simrec(record([APPLES, APPLES], harts=1, quantum=50), command).stdout
    assert any("pid" in line.split() for line in shown.splitlines())


def test_a_switch_says_whose_threads_they_are(orchard: Callable[[str], Recording]) -> None:
    recording = orchard("parquet")
    found = read_events(recording, 0, recording.last_seq, ("context_switch",))
    told = [line_of(recording, event).effect for event in found]
    assert told[1].startswith("thread 1 of process 1 -> thread 2 of process 2 (preempted")


# After an execve.

CALLER = """
_start: la      s0, before
        la      a0, path
        la      a1, nothing
        la      a2, nothing
        sys     SYS_EXECVE
        .data
        .align  3
before: .dword  0, 0
nothing: .dword 0
path:   .asciz  "/bin/{name}"
"""
CALLED = """
_start: call    {function}
        sys     SYS_EXIT, 0
{function}: la  t0, {variable}
        sd      t0, 0(t0)
        ret
        .data
        .align  3
{variable}: .dword 0
"""


def called(variable: str, function: str) -> bytes:
    text = CALLED.format(variable=variable, function=function)
    return build([Source("called.asm", rig.PRELUDE + text)])


@pytest.fixture
def bin_of(tmp_path: Path) -> Callable[..., tuple[Mount, ...]]:
    """``bin_of(name=image)``: a directory of programs, mounted."""

    def make(**images: bytes) -> tuple[Mount, ...]:
        for name, image in images.items():
            (tmp_path / name).write_bytes(image)
            (tmp_path / name).chmod(0o755)
        return (Mount.parse(f"{tmp_path}:/bin"),)

    return make


@pytest.mark.parametrize("store", STORES)
def test_after_an_execve_names_are_the_new_programs(
    record: Callable[..., rig.Recorded], bin_of: Callable[..., tuple[Mount, ...]], store: str
) -> None:
    mounts = bin_of(other=called("after", "finish"))
    recording = record(CALLER.format(name="other"), mounts=mounts, store=store).recording
    (mounts[0].source / "other").unlink()
    lines = [line_of(recording, event) for event in read_events(recording, 0, recording.last_seq)]
    told = [line.effect for line in lines]
    before, after = told.index("s0 = 0x11000 <before>"), told.index("[after] = 0x11000 <after>")
    assert before < told.index("process 1 exec /bin/other") < after
    assert "call finish, a0 = 0" in told[before:after]
    assert "names: ra _start+8, t0 after" in "\n".join(view(recording, lines[after].event.seq))
    (row,) = stats(recording.log)["processes"].to_pylist()
    assert row["program"] == "/bin/other"


def test_each_execve_brings_its_own_names(
    record: Callable[..., rig.Recorded], bin_of: Callable[..., tuple[Mount, ...]]
) -> None:
    """Of two processes, and of a file that was another one the time before."""
    programs: list[rig.Runnable] = [CALLER.format(name=name) for name in ("one", "two")]
    mounts = bin_of(one=called("plums", "pick"), two=called("cherries", "shake"))
    recording = record(programs, mounts=mounts, harts=1).recording
    effects = {line.pid: line.effect for tid in (1, 2) for line in stores_of(recording, tid)}
    assert effects == {1: "[plums] = 0x11000 <plums>", 2: "[cherries] = 0x11000 <cherries>"}
    functions = run_query(recording.log, "select distinct pid, function from instruction_code order by all")
    assert [tuple(row.values()) for row in functions.to_pylist()] == [
        *((1, "_start"), (1, "pick"), (2, "_start"), (2, "shake"))
    ]


def test_a_program_that_the_run_began_with_is_found_again(record: Callable[..., rig.Recorded]) -> None:
    """It isn't read from a file, so the log has no image of it."""
    caller = CALLER.format(name="x").replace("/bin/x", "/hello.asm")
    recording = record([caller, rig.EXAMPLES / "hello.asm"], harts=1).recording
    assert recording.log.kinds().get("host") is None
    assert recording.names(1, recording.last_seq).data_name(0x11000) == "greeting"
    assert recording.names(1, 5).data_name(0x11000) == "before"
    assert recording.names(2, 5).program is not recording.names(1, 5).program


# Forked.

FORKING = """
_start: li      a1, 0
        sys     SYS_CLONE, 17, , 0, 0, 0
        beqz    a0, child
        sys     260, -1, 0, 0, 0
        la      t0, mine
        sd      a0, 0(t0)
        sys     SYS_EXIT, 0
child:  la      t0, mine
        sd      t0, 0(t0)
        la      a0, path
        la      a1, nothing
        la      a2, nothing
        sys     SYS_EXECVE
        sys     SYS_EXIT, 4
        .data
        .align  3
mine:   .dword  0
nothing: .dword 0
path:   .asciz  "/bin/other"
"""


def test_a_forked_process_has_its_parents_program_until_it_runs_another(
    record: Callable[..., rig.Recorded], bin_of: Callable[..., tuple[Mount, ...]]
) -> None:
    mounts = bin_of(other=called("after", "finish"))
    recording = record(FORKING, mounts=mounts, harts=1).recording
    told = [line.effect for line in stores_of(recording, 2)]
    assert told == ["[mine] = 0x11000 <mine>", "[after] = 0x11000 <after>"]
    assert [line.effect for line in stores_of(recording, 1)] == ["[mine] = 2"]
    assert [(use.pid, use.name) for use in recording.processes.uses] == [
        *((1, "test.asm"), (2, "test.asm"), (2, "/bin/other"))
    ]
    seq = stores_of(recording, 2)[1].event.seq
    assert "process 2 /bin/other, forked by process 1" in view(recording, seq)
    end = recording.last_seq
    assert "process 2 /bin/other, forked by process 1: exited with status 0" in view(recording, end, Part(2))
    assert not any("process 2" in line for line in view(recording, end)), "it has been waited for"


def test_children_of_another_process_than_the_first(record: Callable[..., rig.Recorded]) -> None:
    other = "_start: la t0, first\n sd t0, 0(t0)\n sys SYS_EXIT, 0\n.data\n.align 3\nfirst: .dword 0"
    recording = record([other, FORKING.replace("sys     SYS_EXECVE", "")], harts=1).recording
    assert recording.processes.forks.keys() == {3}
    assert stores_of(recording, 3)[0].effect == "[mine] = 0x11000 <mine>"
    rows = stats(recording.log)["processes"].to_pylist()
    assert [(row["pid"], row["parent"], row["status"]) for row in rows] == [(1, 0, 0), (2, 0, 0), (3, 2, 4)]


def test_a_lock_in_shared_memory_is_one_lock(record: Callable[..., rig.Recorded]) -> None:
    program = rig.ROOT / "tests" / "runtime" / "programs" / "process_shared.asm"
    found = contention(record(program, harts=2).recording.log)
    (mutex,) = (row for row in found.locks.to_pylist() if row["kind"] == "mutex")
    assert (mutex["pid"], mutex["acquisitions"], mutex["never_released"]) == (1, 200, 0)
    assert mutex["lock"].endswith(" (shared memory)")
    blocked = [row for row in found.blockers.to_pylist() if row["blocker"] and row["lock"] == mutex["lock"]]
    assert {row["blocker"] for row in blocked} == {1, 2, 3, 4}
    assert {row["blocker_site"] for row in blocked} == {"count"}


def test_programs_of_a_run_are_in_the_catalog(
    orchard: Callable[[str], Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = orchard("parquet").log.run
    assert [program.path for program in run.programs] == ["test.asm", "test.asm"]
    assert run.programs[0].sha != run.programs[1].sha
    assert (run.program, run.short) == ("test.asm, test.asm", "test.asm, test.asm")


def test_a_lost_image_costs_only_its_own_processes_names(
    record: Callable[..., rig.Recorded],
) -> None:
    log = record([APPLES, PEARS]).recording.log
    (log.run.path / "program" / "2" / "image.elf").unlink()
    recording = Recording(type(log)(Catalog.open(log.run.home), log.run))
    (loss,) = recording.losses()
    assert "program/2/image.elf can't be read; functions and variables go without their names" in loss
    assert stores_of(recording, 1)[0].effect == "[apples] = 26"
    assert stores_of(recording, 2)[0].effect == "[0x11000] = 27"
    assert json.loads(json.dumps(state_as_json(recording, recording.last_seq)))["ended"] == ["exited", 0]
