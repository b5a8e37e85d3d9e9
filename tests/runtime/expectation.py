"""The programs in programs/ say themselves what they expect, in comment lines at their top:

# args: A B            argv[1], argv[2], ...
# stdin: TEXT          one line of standard input; may be repeated
# stdin-repeat: N TEXT the same line N times
# expect: TEXT         one line of standard output; may be repeated
# status: N            exit status as a shell shows it (128 + signal)
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.asm"))


@dataclass
class Expectation:
    arguments: list[str] = field(default_factory=list)
    stdin: str = ""
    stdout: str = ""
    status: int | None = None

    @classmethod
    def of(cls, program: Path) -> "Expectation":
        it = cls()
        for line in program.read_text().splitlines():
            if not line.startswith("#"):
                break
            match = re.fullmatch(r"# (args|stdin|stdin-repeat|expect|status):(?: (.*))?", line)
            if match is None:
                continue
            key, text = match[1], match[2] or ""
            if key == "args":
                it.arguments = text.split()
            elif key == "stdin":
                it.stdin += f"{text}\n"
            elif key == "stdin-repeat":
                count, text = text.split(" ", 1)
                it.stdin += f"{text}\n" * int(count)
            elif key == "expect":
                it.stdout += f"{text}\n"
            else:
                it.status = int(text)
        assert it.status is not None, f"{program.name} does not say `# status: N`"
        return it
