"""Memory: its regions and pages, translations, and what the kernel writes."""

from typing import TYPE_CHECKING, Annotated

from sim.events.vocabulary import I16, I32, I64, Blob, Event, Names, Text, event

if TYPE_CHECKING:
    from sim.world import World


@event("memory_map", 13)
class MemoryMap(Event):
    """A process's address space changed over [``address``, ``address + length``).

    ``mapped`` and ``protected`` give the region its ``permissions`` ("rwx", "-" for none) and name;
    ``unmapped`` removes it; ``grown`` moves the end of the heap to ``address + length``; ``paged_in``
    backs the one page at ``address`` with physical ``frame``, zeroed; ``copied`` gives a page that several
    processes have had a ``frame`` of its own, with the same contents, as one of them is about to write to it;
    ``dropped`` takes the pages away and leaves the region. Permissions that end in "s" map memory that forked
    processes go on sharing.
    """

    pid: I32
    action: Annotated[str, Names("mapped", "unmapped", "protected", "grown", "paged_in", "dropped", "copied")]
    address: I64
    length: I64
    permissions: Annotated[
        str,
        Names(
            *("---", "r--", "rw-", "r-x", "rwx", "-w-", "--x", "-wx"),
            *("---s", "r--s", "rw-s", "r-xs", "rwxs", "-w-s", "--xs", "-wxs"),
        ),
    ] = "---"
    frame: I64 = -1
    name: Text = ""

    def fold(self, world: "World") -> None:
        world.memory_event(self)


@event("tlb", 14)
class Tlb(Event):
    """``hart``, on which thread ``tid`` runs, had no translation for an ``access`` to the page at
    ``address``: the kernel found its physical ``frame`` in the page table and filled the TLB, in ``cost``
    ticks. A hart forgets its translations when it goes to another address space, all do when a page table
    loses any."""

    hart: I16
    tid: I32
    pid: I32
    access: Annotated[str, Names("fetch", "load", "store")]
    address: I64
    frame: I64
    cost: I64


@event("kernel_write", 15)
class KernelWrite(Event):
    """The kernel wrote ``data`` into user memory at ``address`` (loading, argv, results of calls)."""

    pid: I32
    tid: I32
    address: I64
    data: Blob

    def fold(self, world: "World") -> None:
        world.processes[self.pid].space.write(world, self.address, self.data)


@event("memory_move", 21)
class MemoryMove(Event):
    """The pages of [``source``, ``source + length``) went to ``address``, where a region was mapped for them
    just before (mremap). The region that they left is unmapped by the next event."""

    pid: I32
    source: I64
    address: I64
    length: I64

    def fold(self, world: "World") -> None:
        world.processes[self.pid].space.move_pages(self.source, self.address, self.length)
