"""Pilots, their keys and budgets, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002_pilots"
down_revision = "0001_devices"

_ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_POSTGRESQL_FUNCTION = """
    CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$
"""
_POSTGRESQL_TRIGGER = """
    CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()
"""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pilots",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("theme", sa.String(200), nullable=False),
        sa.Column("edition", sa.String(80), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("suspended", sa.BigInteger),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("quotas", sa.JSON, nullable=False),
        sa.Column("actuators", sa.JSON, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("id", _ROW, primary_key=True),
        sa.Column("pilot", sa.String(32), sa.ForeignKey("pilots.name"), nullable=False, index=True),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("prefix", sa.String(9), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bcrypt", sa.String(60), nullable=False),
        sa.Column("pbkdf2", sa.String(150), nullable=False),
        sa.Column("scopes", sa.String(40), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_index("keys_prefix", "keys", ["prefix"])
    op.create_table(
        "budget",
        sa.Column("id", _ROW, primary_key=True),
        sa.Column("pilot", sa.String(32), sa.ForeignKey("pilots.name"), nullable=False, index=True),
        sa.Column("date", sa.String(10), nullable=False),
        sa.Column("centimes", sa.BigInteger, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", _ROW, primary_key=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(64), nullable=False, index=True),
        sa.Column("what", sa.String(120), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    revisions = op.create_table(
        "register_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="register_revision_one"),
    )
    op.bulk_insert(revisions, [{"id": 1, "number": 0}])
    for statement in _append_only(op.get_bind().dialect.name):
        op.execute(statement)


def _append_only(dialect: str) -> list[str]:
    """Return what makes the database refuse to change or remove lines of the audit log."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
            for verb in ("update", "delete")
        ]
    return [_POSTGRESQL_FUNCTION, _POSTGRESQL_TRIGGER]
