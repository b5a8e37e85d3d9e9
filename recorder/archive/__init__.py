"""A run as one portable archive: `pack` makes one of a run, `admit` makes a run of one.

An archive is a zip file whose members are stored as they are, or a directory with the same files: those of
the run, and `manifest.json` (`manifest`) with its rows of the catalog and the sha256 of every file.
"""
