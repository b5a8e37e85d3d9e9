"""Snapshots, and the digests of what segments and runs hold."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before have no snapshots and no digest."""
    op.add_column("runs", sa.Column("digest", sa.String(32), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("fold_version", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("segments", sa.Column("digest", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "snapshots",
        sa.Column("run_id", sa.String(8), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("tick", sa.BigInteger, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("fold_version", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
