"""simrec memory"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.text import printable
from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    from replay.memory import Area, Memory, ProcessMemory
    from replay.recording import Recording

PANEL = "Replay"


def memory(
    run: RunArgument = "latest",
    at: Annotated[
        int | None,
        typer.Option(metavar="SEQ", help="The event to stop behind (default: the last with a process)."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="A", help="Show what is at an address (0x10000, or a symbol) in each process."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the address spaces as an HTML page.", dir_okay=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the memory of every process just after an event.

    Example: `simrec memory --at 1200 --address counter`

    Regions with their permissions (as in /proc/PID/maps, p: private, s: shared), how many of their pages
    are in memory, frames that several processes share, page faults so far, and free physical memory.
    """
    from replay.memory import last_with_memory, memory_at
    from simrec.open import open_recording
    from simrec.output import print_json

    recording = open_recording(run)
    shown = memory_at(recording, last_with_memory(recording) if at is None else at)
    where = None
    if address is not None:
        from replay.addressview import address_of

        where = address_of(recording, address)
    if as_json:
        print_json(_plain(recording, shown, where))
    else:
        _print(recording, shown, where)
    if figure is not None:
        _draw(recording, shown, figure)


def _print(recording: "Recording", memory: "Memory", address: int | None) -> None:
    from replay.describe import readable_size
    from simrec.output import print_table

    log = recording.log
    print(
        f"run {log.run.id}, {log.run.program}, memory just after event {memory.seq} of {recording.last_seq}, "
        f"tick {memory.tick}"
    )
    several = len(memory.processes) > 1
    for process in memory.processes:
        print(f"\n{_bare_heading(memory) if memory.bare else _heading(process, several)}")
        print_table([_row(area, several) for area in process.areas])
    if memory.bare:
        _print_address(recording, memory, address)
        return
    used = len(memory.owners)
    shared = f", {memory.shared_frames:,} of them shared" if several else ""
    free = f"{memory.free:,} free ({readable_size(memory.free << 12)})"
    frames = f"{readable_size(memory.ram)} in {memory.ram >> 12:,} frames"
    print(f"\nphysical memory: {frames}; {used:,} in use{shared}, {free}")
    _print_address(recording, memory, address)


def _print_address(recording: "Recording", memory: "Memory", address: int | None) -> None:
    if address is not None:
        from replay.addressview import cell_lines

        print()
        for line in cell_lines(recording, memory, address):
            print(printable(line))


def _bare_heading(memory: "Memory") -> str:
    from replay.describe import readable_size

    used = len(memory.owners)
    pages = "page" if used == 1 else "pages"
    return f"ram: {readable_size(memory.ram)}, {used:,} {pages} ({readable_size(used << 12)}) used so far"


def _heading(process: "ProcessMemory", several: bool) -> str:
    from replay.describe import readable_size

    resident = f"{process.resident:,} pages ({readable_size(process.resident << 12)}) resident"
    shared = f", {process.shared:,} of them shared" if several else ""
    copied = f", {process.copied:,} copied on write" if process.copied else ""
    parent = f", child of {process.parent}" if process.parent else ""
    mapped = f"{readable_size(process.mapped)} mapped, {resident}{shared}"
    name = f"process {process.pid} {printable(process.name)}{parent}"
    return f"{name}: {mapped}; {process.paged_in:,} paged in so far{copied}"


def _row(area: "Area", several: bool) -> dict[str, Any]:
    from replay.describe import readable_size

    row: dict[str, Any] = {
        "start": area.start,
        "end": area.end,
        "size": readable_size(area.size),
        "perms": area.permissions,
        "in memory": f"{len(area.pages):,} of {area.size >> 12:,}",
    }
    if several:
        row["shared"] = len(area.shared)
    return row | {"name": area.name + (f", {area.used:,} bytes used" if area.used else "")}


def _plain(recording: "Recording", memory: "Memory", address: int | None) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "run": recording.log.run.id,
        "seq": memory.seq,
        "tick": memory.tick,
        "processes": [
            {
                "pid": process.pid,
                "parent": process.parent,
                "name": process.name,
                "mapped": process.mapped,
                "resident": process.resident,
                "shared": process.shared,
                "paged_in": process.paged_in,
                "copied": process.copied,
                "regions": [
                    {
                        "start": area.start,
                        "end": area.end,
                        "permissions": area.permissions,
                        "name": area.name,
                        "used": area.used,
                        "pages": {str(page): frame for page, frame in area.pages.items()},
                        "shared": sorted(area.shared),
                    }
                    for area in process.areas
                ],
            }
            for process in memory.processes
        ],
        "ram": memory.ram,
        "frames": {"used": len(memory.owners), "shared": memory.shared_frames, "free": memory.free},
    }
    if address is not None:
        from replay.addressview import cells_at

        plain["address"] = {"address": address}
        plain["address"]["processes"] = [
            {
                "pid": cell.process.pid,
                "region": cell.area,
                "name": recording.names(cell.process.pid, memory.seq).program.name_of(address),
                "frame": cell.frame,
                "bytes": cell.data.hex(),
                "word": cell.word,
                "written": vars(cell.write) if cell.write else None,
            }
            for cell in cells_at(recording, memory, address)
        ]
    return plain


def _draw(recording: "Recording", memory: "Memory", path: Path) -> None:
    from replay.figures.memory import write_memory
    from sim.errors import UserError

    try:
        notes = write_memory(recording, memory, path)
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror}): name another file with --figure"
        ) from error
    for line in (f"{path}: the address spaces as a picture", *notes):
        print(f"simrec: {line}", file=sys.stderr)
