"""Snapshots are compared with the fold of all events before them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import rig

from replay.foldcheck import check_snapshots


@pytest.fixture
def recorded(record: Callable[..., rig.Recorded], monkeypatch: pytest.MonkeyPatch) -> rig.Recorded:
    """A run with several snapshots."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 5_000)
    return record(rig.EXAMPLES / "counter_race.asm")


def test_good_ones(recorded: rig.Recorded) -> None:
    found = list(check_snapshots(recorded.recording))
    assert len(found) == len(recorded.recording.log.segments) > 2
    assert [each.differences for each in found] == [[]] * len(found)


def test_another_state_is_told(recorded: rig.Recorded) -> None:
    """The second has the contents of the third."""
    rows = recorded.recording.log.snapshots.rows
    rows[1] = replace(rows[1], file=rows[2].file, digest=rows[2].digest)
    found = list(check_snapshots(recorded.recording))
    assert [bool(each.differences) for each in found[:3]] == [False, True, False]
    assert found[1].snapshot == rows[1]


def test_one_that_cannot_be_read(recorded: rig.Recorded) -> None:
    log = recorded.recording.log
    (log.run.path / log.snapshots.rows[1].file).unlink()
    found = list(check_snapshots(recorded.recording))
    assert "can't be read" in found[1].differences[0]
    assert not found[2].differences
