"""Trials whose seeds run side by side, in parts."""

import sqlalchemy as sa
from alembic import op

revision = "0010_trial_parts"
down_revision = "0009_trial_exhibits"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("trials", sa.Column("parallel", sa.Integer, nullable=False, server_default="1"))
    op.add_column("trials", sa.Column("part_of", sa.String(16), nullable=False, server_default=""))
    op.add_column("trials", sa.Column("seeds_before", sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_trials_part_of", "trials", ["part_of"])
