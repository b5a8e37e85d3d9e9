"""New seals for a run whose rows say something else than when it was recorded: another name, another store.

What the run said of itself is kept but for that, and seal, chain and closing are computed anew.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from recorder import seal
from recorder.place import Place
from recorder.rows import Rows
from recorder.run import chained


def resealed(rows: Rows, source: Place, checksums: Mapping[str, str] | None = None, **began: Any) -> Rows:
    """``rows`` with what ``began`` says otherwise, and new seals in their place. ``source`` is where the old
    seals are; ``checksums`` are those of files that the closing should have otherwise ("": no such file). A
    run of before there were seals gets none."""
    run, place = replace(rows.run, **began), rows.run.place
    if run.seal:
        facts, _ = seal.read(source, seal.SEAL)
        run = replace(run, seal=seal.write(place, seal.SEAL, facts | began))
    chain, segments = run.seal, []
    for segment in rows.of_segments:
        chain = chained(chain, segment, sealed=bool(run.seal))
        segments.append(replace(segment, chain=chain))
    if run.closing:
        facts, _ = seal.read(source, seal.CLOSING)
        kept = {name: said for name, said in (facts["checksums"] | (checksums or {})).items() if said}
        facts |= {"seal": run.seal, "chain": chain, "checksums": kept}
        run = replace(run, closing=seal.write(place, seal.CLOSING, facts))
    return replace(rows, run=run, of_segments=tuple(segments))
