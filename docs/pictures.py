"""The pictures of lessons and other pages: `make pictures`; `python -m docs.pictures NAME...` for some.

Each lesson is recorded, its figures drawn and photographed by a headless Chromium, into
docs/images/lessons/NAME.png and, if there are more, NAME-PICTURE.png; so is each of CHARTS, into
docs/images/NAME.png. The recordings go to a temporary home.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parent / "images" / "lessons"
#: Charts that are no lesson's figure: the command that draws one on a ``{page}``, and its picture's height.
CHARTS = {
    "sweep": (
        "sweep examples/lessons/pool.asm --vary POOL=1..32 --vary HARTS=1,2,4 --keep none -o {page}",
        870,
    )
}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Nothing that asks the network, nothing that differs between machines but fonts.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--force-device-scale-factor=1", "--virtual-time-budget=10000"),
)
#: What follows a mouse has no place in a picture.
NO_BUTTONS = "<style>.modebar{display:none!important}</style>"


def photograph(page: Path, picture: Path, width: int, height: int) -> None:
    """A picture of a page in a window of this size."""
    browser = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"pictures need one of {', '.join(CHROMIUM)}; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        command += [f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, capture_output=True, check=True, timeout=120)


def make(names: list[str]) -> None:
    """The pictures of these lessons and charts; all of them if none is named."""
    from replay.figures.chart import WIDTH
    from simrec.tour.lesson import lessons

    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in names or [*CHARTS, *(each.name for each in lessons())]:
        with tempfile.TemporaryDirectory() as directory:
            os.environ["SIMREC_HOME"] = str(Path(directory, "home"))
            for page, picture, height in _draw(name, Path(directory, f"{name}.html")):
                page.write_text(page.read_text(encoding="utf-8") + NO_BUTTONS, encoding="utf-8")
                photograph(page, picture, WIDTH, height)
                here = picture.is_relative_to(Path.cwd())
                print(picture.relative_to(Path.cwd()) if here else picture, flush=True)


def _draw(name: str, page: Path) -> list[tuple[Path, Path, int]]:
    """Draw a lesson's figures, or a chart: for each the page, where its picture belongs, and how high that
    is."""
    from replay.figures.chart import HEIGHT
    from simrec.tour.figure import draw, figures
    from simrec.tour.lesson import lesson
    from simrec.tour.recording import record_lesson, run_command

    if name in CHARTS:
        command, height = CHARTS[name]
        run_command([word.format(page=page) for word in command.split()])
        return [(page, IMAGES.parent / f"{name}.png", height)]
    each = lesson(name)
    draw(record_lesson(each, lambda command: None), page)
    return [
        (drawn, IMAGES / f"{drawn.stem}.png", spec.get("height", HEIGHT))
        for drawn, spec in figures(each, page).items()
    ]


if __name__ == "__main__":
    make(sys.argv[1:])
