"""simrec: record a program's run on a simulated multicore machine, event by event, and replay it."""

__version__ = "0.1.0"
