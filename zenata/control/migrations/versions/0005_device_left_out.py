"""What of a device's last message was not stored."""

import sqlalchemy as sa
from alembic import op

revision = "0005_device_left_out"
down_revision = "0004_delivery_order"


def upgrade() -> None:
    """Add the column."""
    op.add_column("devices", sa.Column("left_out", sa.JSON, nullable=False, server_default="[]"))
