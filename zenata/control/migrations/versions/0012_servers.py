"""Several servers of the API on one database: what they share, and who of them does what one alone may do."""

import sqlalchemy as sa
from alembic import op

revision = "0012_servers"
down_revision = "0011_frozen_sets"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "servers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
    )
    op.create_table(
        "server_batches",
        sa.Column("server", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    leases = op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(leases, [{"name": name, "holder": "", "beat": 0} for name in ("leader", "alerts", "trials")])
    op.create_table(
        "shared_values",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("pilot", sa.String(32), nullable=False, index=True),
        sa.Column("server", sa.String(64), nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.add_column("trials", sa.Column("moving", sa.Integer, nullable=False, server_default="0"))
