"""Frozen sets of editions, the versions declared for them, and the trials that run them."""

import sqlalchemy as sa
from alembic import op

revision = "0011_frozen_sets"
down_revision = "0010_trial_parts"


def upgrade() -> None:
    """Make the tables, and add the column."""
    op.create_table(
        "trial_frozen_sets",
        sa.Column("edition", sa.String(80), primary_key=True),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("begun", sa.BigInteger),
        sa.Column("seeds", sa.JSON, nullable=False),
    )
    op.create_table(
        "trial_declarations",
        sa.Column("edition", sa.String(80), primary_key=True),
        sa.Column("challenge", sa.String(64), primary_key=True),
        sa.Column("pilot", sa.String(32), sa.ForeignKey("pilots.name"), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.Column("declared", sa.BigInteger, nullable=False),
        sa.Column("trial", sa.String(16), nullable=False, server_default=""),
    )
    op.add_column("trials", sa.Column("version", sa.String(200), nullable=False, server_default=""))
