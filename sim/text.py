"""Text that others wrote, on its way to a terminal: names and paths of programs, what they print, lines of
sources. A recording may be somebody else's."""


def printable(text: str) -> str:
    """Without what would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
