"""Where a run's files are, how much of it is stored and how, and seals of its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older runs are below home, whole, and their rows unsealed."""
    for name, default in (
        ("files", ""),
        ("detail", "full"),
        ("compression", "zstd"),
        ("seal", ""),
        ("closing", ""),
    ):
        op.add_column("runs", sa.Column(name, sa.Text, nullable=False, server_default=default))
