"""The pictures of the lessons: `make pictures`, or `python -m docs.pictures NAME...` for some.

Each lesson is recorded, its figures drawn and photographed by a headless Chromium, into
docs/images/lessons/NAME.png and, if there are more, NAME-PICTURE.png. The recordings go to a temporary home.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parent / "images" / "lessons"
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
    """The pictures of these lessons; of all if none is named."""
    from replay.figures.chart import HEIGHT, WIDTH
    from simrec.tour.figure import draw, figures
    from simrec.tour.lesson import lesson, lessons
    from simrec.tour.recording import record_lesson

    IMAGES.mkdir(parents=True, exist_ok=True)
    for each in [lesson(name) for name in names] or lessons():
        with tempfile.TemporaryDirectory() as directory:
            os.environ["SIMREC_HOME"] = str(Path(directory, "home"))
            page = Path(directory, f"{each.name}.html")
            draw(record_lesson(each, lambda command: None), page)
            for drawn, spec in figures(each, page).items():
                drawn.write_text(drawn.read_text(encoding="utf-8") + NO_BUTTONS, encoding="utf-8")
                picture = IMAGES / f"{drawn.stem}.png"
                photograph(drawn, picture, WIDTH, spec.get("height", HEIGHT))
                here = picture.is_relative_to(Path.cwd())
                print(picture.relative_to(Path.cwd()) if here else picture, flush=True)


if __name__ == "__main__":
    make(sys.argv[1:])
