"""One row is one promise of time."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, to, word
from dispatcher.words import DeadlineKind


class Deadline(SQLModel, table=True):
    """Made by plan, assignment or closing; done by the act it waits for; missed when the clock finds it over.

    Kept: `done_at` <= `due_at`. Late: done after. Missed: `missed_at`, set by the clock, whatever comes later.
    `step` counts how often it went up (sign-in: unit, district, city, province) or which follow-up it is. A promise
    that had run out before the alert came is `late_on_arrival` and counted apart. `void_at`: no longer owed (the
    case closed before it fell due).
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        one_of("kind", DeadlineKind),
        one_of("result", ("valid", "invalid"), nullable=True),
        UniqueConstraint("case_id", "dispatch_id", "kind", "step", "started_at", name="one_deadline_per_step"),
        rule("step >= 0", "steps_count_from_zero"),
        Index(
            "ix_deadlines_due_at",
            "due_at",
            sqlite_where=text("done_at IS NULL AND missed_at IS NULL AND void_at IS NULL"),
            postgresql_where=text("done_at IS NULL AND missed_at IS NULL AND void_at IS NULL"),
        ),
        Index(
            "ix_deadlines_missed_at",
            "missed_at",
            sqlite_where=text("missed_at IS NOT NULL AND done_at IS NULL AND void_at IS NULL"),
            postgresql_where=text("missed_at IS NOT NULL AND done_at IS NULL AND void_at IS NULL"),
        ),
        Index(
            "ix_deadlines_remind_at",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL AND done_at IS NULL AND void_at IS NULL"),
            postgresql_where=text("remind_at IS NOT NULL AND done_at IS NULL AND void_at IS NULL"),
        ),
    )

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=to("cases", index=True))
    dispatch_id: UUID | None = Field(sa_column=to("dispatches", nullable=True, index=True))
    unit_id: UUID | None = Field(sa_column=to("units", nullable=True))
    kind: str = Field(sa_column=word(12))
    step: int = Field(sa_column=Column(Integer, nullable=False))
    started_at: datetime = Field(sa_column=instant())
    due_at: datetime = Field(sa_column=instant())
    remind_at: datetime | None = Field(sa_column=instant(nullable=True))
    done_at: datetime | None = Field(sa_column=instant(nullable=True))
    missed_at: datetime | None = Field(sa_column=instant(nullable=True))
    void_at: datetime | None = Field(sa_column=instant(nullable=True))
    late_on_arrival: bool = Field(
        sa_column=Column(Boolean(create_constraint=True, name="late_on_arrival_is_boolean"), nullable=False)
    )
    result: str | None = Field(sa_column=word(8, nullable=True))
    later_loss_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
