"""Which run a user means: an id or what it begins with, a name, or ``latest``."""

from pathlib import Path

from recorder.errors import AmbiguousRun, NoSuchRun
from recorder.run import RunRow
from sim.text import printable


def find(ref: str, runs: list[RunRow], home: Path) -> RunRow:
    """The one of ``runs``, all that the catalog in ``home`` has, newest first, with the id ``ref``, else the
    newest of this name, else the one whose id begins so. Raises NoSuchRun, AmbiguousRun."""
    if not runs:
        raise NoSuchRun(f"no runs are recorded in {home}: record one with `simrec run PROGRAM`")
    if ref == "latest":
        return runs[0]
    exact = [run for run in runs if run.id == ref] or [run for run in runs if ref and run.name == ref]
    if exact:
        return exact[0]
    prefixed = [run for run in runs if ref and run.id.startswith(ref.lower())]
    if len(prefixed) > 1:
        listed = ", ".join(_label(run) for run in prefixed[:5])
        raise AmbiguousRun(f"{ref!r} begins the ids of {len(prefixed)} runs ({listed}): type more of it")
    if not prefixed:
        raise NoSuchRun(_no_such_run(ref, runs))
    return prefixed[0]


def _label(run: RunRow) -> str:
    return printable(f"{run.id} {run.name}".strip())


def _no_such_run(ref: str, runs: list[RunRow]) -> str:
    from difflib import get_close_matches

    by_word = {word: _label(run) for run in reversed(runs) for word in (run.name, run.id) if word}
    for run in reversed(runs):
        for path in (Path(program.path) for program in run.programs):
            by_word[path.stem] = by_word[path.name] = printable(f"{run.id} of {path}")
    by_word["latest"] = "latest"
    close = get_close_matches(ref, by_word, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(dict.fromkeys(by_word[word] for word in close))}? " if close else ""
    return f"no run {ref!r}: {hint}list them with `simrec runs`"
