"""stops of payments are counted"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("figures_alerts", "figures_days")
COLUMNS = ("stop_requests", "stop_requests_met")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in COLUMNS:
                batch_op.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in COLUMNS:
                batch_op.alter_column(name, server_default=None)
    note_stopped_cases(op.get_bind())


def note_stopped_cases(connection: sa.Connection) -> None:
    """The cases for which a bank was asked already are folded again by the workers."""
    stop = sa.table("stop_payments", sa.column("case_id", sa.Uuid()), sa.column("requested_at"))
    change = sa.table(
        "figures_changes",
        sa.column("id", sa.Uuid()),
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("cases", sa.LargeBinary()),
    )
    asked = sa.select(stop.c.case_id).where(stop.c.requested_at.is_not(None)).distinct()
    ids = connection.execute(asked.order_by(stop.c.case_id)).scalars().all()
    now = datetime.now(UTC)
    for one in ids:
        # a case waits once at the most under its own id: what a fold of an earlier migration left is enough
        waits = sa.select(change.c.id).where(change.c.id == one)
        if connection.execute(waits).first() is None:
            connection.execute(sa.insert(change), {"id": one, "at": now, "cases": one.bytes})


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in reversed(COLUMNS):
                batch_op.drop_column(name)
