"""Devices of pilots."""

import sqlalchemy as sa
from alembic import op

revision = "0001_devices"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "devices",
        sa.Column("pilot", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("codec", sa.String(32), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("longitude", sa.Double),
        sa.Column("latitude", sa.Double),
        sa.Column("district", sa.String(63), nullable=False),
        sa.Column("external", sa.String(64)),
        sa.Column("offline_after", sa.Integer, nullable=False),
        sa.Column("seen", sa.BigInteger),
        sa.Column("battery", sa.Double),
        sa.Column("rssi", sa.Double),
        sa.Column("snr", sa.Double),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("readings", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("pilot", "external", name="devices_external"),
    )
    revisions = op.create_table(
        "device_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="device_revision_one"),
    )
    op.bulk_insert(revisions, [{"id": 1, "number": 0}])
