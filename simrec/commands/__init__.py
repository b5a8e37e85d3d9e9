"""The commands, one module each (see `simrec.cli`)."""
