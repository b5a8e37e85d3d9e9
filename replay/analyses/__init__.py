"""Questions about a run: projections of its log, computed by DuckDB and NumPy, as Arrow tables."""
