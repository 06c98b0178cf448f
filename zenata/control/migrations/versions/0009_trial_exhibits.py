"""What the report of a trial shows of each seed."""

import sqlalchemy as sa
from alembic import op

revision = "0009_trial_exhibits"
down_revision = "0008_console"


def upgrade() -> None:
    """Add the column."""
    op.add_column("trials", sa.Column("exhibits", sa.JSON, nullable=False, server_default="[]"))
