"""The instruction set: one table (`sim.isa.table`), and what derives from it.

Importing this package declares every instruction, in a fixed order.
"""

from sim.isa import rv64i, rv64m, rv64a, zicsr, rv64f, rv64d  # noqa: F401, I001  (the order numbers them)
from sim.isa import zba, zbb, zbs, rv64c  # noqa: F401, I001
from sim.isa.decoder import Decoded, decode
from sim.isa.table import BY_MNEMONIC, INSTRUCTIONS, Instruction

__all__ = ["BY_MNEMONIC", "INSTRUCTIONS", "Decoded", "Instruction", "decode"]
