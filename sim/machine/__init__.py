"""The machine: harts that execute the instruction table over a world's memory and registers."""
