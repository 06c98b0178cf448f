"""Trials and the answers of services."""

import sqlalchemy as sa
from alembic import op

revision = "0007_trials"
down_revision = "0006_web_sessions"

_ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "trials",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("pilot", sa.String(32), sa.ForeignKey("pilots.name"), nullable=False, index=True),
        sa.Column("challenge", sa.String(64), nullable=False, index=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("speed", sa.Float, nullable=True),
        sa.Column("publish", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("edition", sa.String(80), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False, index=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("heartbeat", sa.BigInteger, nullable=True),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=True),
        sa.Column("seeds", sa.JSON, nullable=False),
        sa.Column("current", sa.Integer, nullable=False),
        sa.Column("world", sa.String(64), nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("results", sa.JSON, nullable=False),
        sa.Column("entries", sa.JSON, nullable=False),
    )
    op.create_table(
        "trial_answers",
        sa.Column("id", _ROW, primary_key=True),
        sa.Column("trial", sa.String(16), sa.ForeignKey("trials.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
    )
    op.create_table(
        "trial_editions",
        sa.Column("edition", sa.String(80), primary_key=True),
        sa.Column("closed", sa.BigInteger, nullable=False),
    )
    op.create_index("trial_answers_seed", "trial_answers", ["trial", "seed", "step"])
