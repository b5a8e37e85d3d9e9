"""The log of a run: stores, catalog, snapshots, reader. Data flows from `sim` in and to `replay` out."""
