"""The vocabulary of the log: every kind of event, declared once, in the file of its theme.

An event class is a dataclass: its docstring is its reference page, its annotated fields are the columns
of its table (Arrow schema, SQL table, buffers and docs/reference/events.md derive from them), and its
`fold` is its whole effect on the state. The kernel applies the same fold live (`World.apply`) that a
replay applies from the log, so the two can't drift.

Instructions, atomics, stack movements, probes and CSR changes are written by the machine's loop as rows of
integers (`sim.machine.buffers`); their classes here give those rows their names, and their folds define
what `replay.fold` computes in bulk.
"""

from sim.events.devices import *
from sim.events.files import *
from sim.events.machine import *
from sim.events.memory import *
from sim.events.processes import *
from sim.events.threads import *
from sim.events.traps import *
from sim.events.vocabulary import *

#: The version of this vocabulary. A recorded event never changes: older logs are upcast on reading
#: (`recorder.upcast`). New kinds, and new names behind those of a column, need no upcaster; new columns do.
VERSION = 2
