"""what a supervisor decides, and what persons with several cases are told apart by"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KNOWN = ["is_test", "received_at", "region", "history", "person", "marks"]
BY_KIND = ["risk", "fraud_type", "hour", "source"]
UNDECIDED = "state = 'open' AND (close_code IS NOT NULL OR dissuasion = 'refused')"


def upgrade() -> None:
    op.create_index(
        "ix_cases_for_a_supervisor",
        "cases",
        ["region"],
        sqlite_where=sa.text(UNDECIDED),
        postgresql_where=sa.text(UNDECIDED),
    )
    _again([*KNOWN, *BY_KIND])


def downgrade() -> None:
    _again(KNOWN)
    op.drop_index("ix_cases_for_a_supervisor", "cases")


def _again(columns: list[str]) -> None:
    """The index that persons with several cases are counted from, with these columns."""
    op.drop_index("ix_figures_alerts_again", "figures_alerts")
    op.create_index(
        "ix_figures_alerts_again",
        "figures_alerts",
        columns,
        sqlite_where=sa.text("alone IS 0 AND merged IS 0"),
        postgresql_where=sa.text("alone IS false AND merged IS false"),
    )
