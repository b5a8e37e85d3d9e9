"""What `simrec lessons run` prints: the claim, the commands as they run, the table, what to type next."""

from pathlib import Path
from textwrap import fill

from simrec.output import print_table
from simrec.tour.figure import figures
from simrec.tour.lesson import Lesson
from simrec.tour.recording import Outcome

_WIDTH = 100


def begin(lesson: Lesson) -> None:
    """The title and the claim."""
    print(f"Lesson {lesson.number}, {lesson.name}: {lesson.title['en']}")
    print_wrapped(lesson.claim["en"], 2)
    print(flush=True)


def tell(command: str) -> None:
    """A command that runs next."""
    print(f"  {command}", flush=True)


def end(outcome: Outcome, figure: Path) -> None:
    """The table, where the figures are, and how to look inside of the recordings."""
    print()
    print_table([{key.replace("_", " "): value for key, value in row.items()} for row in outcome.table()])
    print(f"\nThe figure: {', '.join(map(str, figures(outcome.lesson, figure)))}\nTo look inside:")
    for look in outcome.lesson.looks:
        print(f"  simrec {outcome.command(look)}")
        print_wrapped(look.says["en"], 6)


def print_wrapped(text: str, blanks: int) -> None:
    """A paragraph, indented."""
    print(fill(text, _WIDTH, initial_indent=" " * blanks, subsequent_indent=" " * blanks))
