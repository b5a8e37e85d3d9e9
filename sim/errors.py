"""The base of every error that is the user's to mend."""


class UserError(Exception):
    """What was asked can't be done. The text says what, where, and what to type next; the command line
    prints it as one line and exits with ``exit_status`` (docs/reference/exit-status.md)."""

    exit_status = 2
