"""A line that shows how far a long run has come, on a terminal only."""

import sys
import time


class NoProgress:
    """Where nobody watches: nothing is shown."""

    def __call__(self, events: int, ticks: int) -> None:
        """So far there are so many."""

    def hide(self, midline: bool = False) -> None:
        """There is nothing to hide."""


class _Progress(NoProgress):
    """A progress line on a terminal, from the first second on, while the program doesn't write."""

    def __init__(self, doing: str, events: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            *([BarColumn()] if events else []),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task(doing, total=events or None)
        self._began = time.perf_counter()
        self._shown = False
        self._midline = False

    def __call__(self, events: int, ticks: int) -> None:
        """Show it."""
        passed = time.perf_counter() - self._began
        text = f"{events:,} events, {ticks:,} ticks, {events / passed / 1e6:.1f} M events/s"
        self._bar.update(self._task, completed=events, description=text)
        if passed > 1 and not self._shown and not self._midline:
            self._shown = True
            self._bar.start()

    def hide(self, midline: bool = False) -> None:
        """Take the line away; it stays away while the cursor is in the ``midline`` of something else."""
        self._midline = midline
        if self._shown:
            self._shown = False
            self._bar.stop()


def watched(doing: str, events: int) -> NoProgress:
    """What to call as events come, if somebody watches; ``events`` are how many there will be, 0 if that
    isn't known."""
    return _Progress(doing, events) if sys.stderr.isatty() else NoProgress()
