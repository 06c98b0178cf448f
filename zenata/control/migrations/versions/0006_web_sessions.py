"""Sessions of browsers."""

import sqlalchemy as sa
from alembic import op

revision = "0006_web_sessions"
down_revision = "0005_device_left_out"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "web_sessions",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("key", sa.Integer, sa.ForeignKey("keys.id"), nullable=False, index=True),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("is_link", sa.Boolean, nullable=False),
    )
