"""carriers that exist"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier_health",
        sa.Column("carrier", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Float(precision=53), nullable=False),
        sa.Column("failed", sa.Float(precision=53), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latency_s", sa.Float(precision=53), nullable=True),
        sa.Column("our_fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("our_fault_code", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(our_fault_at IS NULL) = (our_fault_code IS NULL)", name=op.f("ck_carrier_health_our_fault_says_when")
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (probe_at IS NULL)", name=op.f("ck_carrier_health_closed_needs_no_probe")
        ),
        sa.CheckConstraint(
            "failed >= 0 AND failed <= asked AND run >= 0 AND opened >= 0",
            name=op.f("ck_carrier_health_counts_are_sane"),
        ),
        sa.CheckConstraint("state IN ('closed', 'open', 'half_open')", name=op.f("ck_carrier_health_state_is_known")),
        sa.PrimaryKeyConstraint("carrier", name=op.f("pk_carrier_health")),
    )
    op.create_table(
        "carrier_names",
        sa.Column("carrier", sa.String(length=32), nullable=False),
        sa.Column("carrier_ref", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=15), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reference) > 0", name=op.f("ck_carrier_names_a_name_is_of_a_try")),
        sa.PrimaryKeyConstraint("carrier", "carrier_ref", name=op.f("pk_carrier_names")),
    )
    # plain columns: neither database has to copy the table for them
    op.add_column("dispatches", sa.Column("passed_over", sa.String(length=300), nullable=True))
    op.add_column("receipts", sa.Column("carrier_ref", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_receipts_unnamed",
        "receipts",
        ["carrier", "carrier_ref"],
        sqlite_where=sa.text("state = 'waiting' AND reference = ''"),
        postgresql_where=sa.text("state = 'waiting' AND reference = ''"),
    )


def downgrade() -> None:
    op.drop_index("ix_receipts_unnamed", "receipts")
    op.drop_column("receipts", "carrier_ref")
    op.drop_column("dispatches", "passed_over")
    op.drop_table("carrier_names")
    op.drop_table("carrier_health")
