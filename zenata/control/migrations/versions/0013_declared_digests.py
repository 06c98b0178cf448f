"""Digests of the versions that are declared for a frozen set."""

import sqlalchemy as sa
from alembic import op

revision = "0013_declared_digests"
down_revision = "0012_servers"


def upgrade() -> None:
    """Add the column."""
    op.add_column("trial_declarations", sa.Column("digest", sa.String(80), nullable=False, server_default=""))
