"""Deliveries of webhooks in order by what they are about, rather than all of a webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0004_delivery_order"
down_revision = "0003_webhooks"


def upgrade() -> None:
    """Add the column; what waits already keeps its order among itself."""
    op.add_column("webhook_deliveries", sa.Column("subject", sa.String(130), nullable=False, server_default="*"))
