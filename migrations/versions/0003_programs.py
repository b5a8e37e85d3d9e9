"""Runs of several programs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before had one program, which stays in their own row."""
    op.create_table(
        "run_programs",
        sa.Column("run_id", sa.String(8), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("pid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha", sa.String(64), sa.ForeignKey("programs.sha"), nullable=False),
    )
