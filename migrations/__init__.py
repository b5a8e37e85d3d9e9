"""Alembic migrations of the catalog. `recorder.database` runs them when a catalog is behind."""
