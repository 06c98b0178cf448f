"""What pilots do by hour, and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0008_console"
down_revision = "0007_trials"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "activity_hours",
        sa.Column("pilot", sa.String(32), primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("answered", "wrong", "failed", "refused")),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("pilot", sa.String(32), index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("raised", sa.BigInteger, nullable=False, index=True),
        sa.Column("cleared", sa.BigInteger, index=True),
        sa.Column("acknowledged", sa.BigInteger),
        sa.Column("acknowledged_by", sa.String(64)),
    )
