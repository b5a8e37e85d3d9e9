"""Programs, runs and their segments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: See `recorder.columntypes.Json`.
JSON = sa.JSON().with_variant(sa.Text(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "programs",
        sa.Column("sha", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(8), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("program_sha", sa.String(64), sa.ForeignKey("programs.sha"), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("store", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("exit_status", sa.BigInteger, nullable=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("ticks", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("directory", sa.Text, nullable=False),
        sa.Column("event_version", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
    )
    op.create_index("ix_runs_created", "runs", ["created"])
    op.create_index("ix_runs_name", "runs", ["name"])
    op.create_table(
        "segments",
        sa.Column("run_id", sa.String(8), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("end_seq", sa.BigInteger, nullable=False),
        sa.Column("first_tick", sa.BigInteger, nullable=False),
        sa.Column("end_tick", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("pieces", JSON, nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
    )
