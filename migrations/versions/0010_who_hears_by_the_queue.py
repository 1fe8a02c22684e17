"""who hears by the queue, and what is kept for one whose queue is gone"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listeners",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(gone_since IS NOT NULL) = (next_try_at IS NOT NULL)", name=op.f("ck_listeners_gone_is_tried_again")
        ),
        sa.CheckConstraint("(gone_since IS NOT NULL) = (tries > 0)", name=op.f("ck_listeners_gone_counts_its_tries")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_listeners")),
    )
    op.create_table(
        "listener_letters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["listeners.key"], name=op.f("fk_listener_letters_key_listeners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listener_letters")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listener_letters_key_id", "listener_letters", ["key", "id"])


def downgrade() -> None:
    op.drop_table("listener_letters")
    op.drop_table("listeners")
