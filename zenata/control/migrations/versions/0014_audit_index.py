"""Indices by which what was done lately is found, however long the audit log is."""

from alembic import op

revision = "0014_audit_index"
down_revision = "0013_declared_digests"


def upgrade() -> None:
    """Make them: for all pilots, and for one."""
    op.create_index("ix_audit_what_time", "audit", ["what", "time"])
    op.create_index("ix_audit_who_what_time", "audit", ["who", "what", "time"])
