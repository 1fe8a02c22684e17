"""One row is one promise: by this channel, by these means, to this target."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, Integer, LargeBinary, Uuid, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, to, word
from dispatcher.words import Channel, DispatchState, Means, Outcome, Risk, Target


class Dispatch(SQLModel, table=True):
    """Planned by intake, moved by `move` alone, along the table of lifecycle.py.

    `fence` counts claims: what a worker settles counts only while the fence is still the one of its claim.
    `tries` counts tries on the person; `attempts` counts rows in `attempts` (a platform's fault is an attempt, not a
    try). `ring_at` is when the clock rings for it (again) while it waits. `stem` and the attempt's number make the
    reference that travels to the carrier. `passed_over` names, by commas, the carriers that surely did not send this
    try, while others of its route are asked. `held_by` names the hold for which it waits (no reference in the table's
    rules: SQLite would have to copy the whole table to learn it).
    """

    __tablename__ = "dispatches"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("means", Means),
        one_of("target", Target),
        one_of("state", DispatchState),
        one_of("risk", Risk),
        one_of("lane", ("urgent", "routine")),
        one_of("outcome", Outcome, nullable=True),
        rule(
            "(channel = 'sms' AND means = 'carrier') OR (channel = 'call' AND means IN ('robot', 'human'))"
            " OR (channel = 'visit' AND means = 'officer')",
            "means_fit_the_channel",
        ),
        rule("(state = 'underway') = (lease_until IS NOT NULL)", "underway_means_leased"),
        rule("(state = 'handed_over') = (news_due_at IS NOT NULL)", "handed_over_awaits_news"),
        rule(
            "(ended_at IS NOT NULL) = (state IN ('fulfilled', 'missed', 'unknown', 'cancelled'))",
            "final_means_ended",
        ),
        rule("tries >= 0 AND tries <= attempts AND fence >= 0", "counts_are_sane"),
        rule("state <> 'cancelled' OR reason IS NOT NULL", "cancelled_says_why"),
        Index(
            "ix_dispatches_free_ring_at",
            "lane",
            "ring_at",
            sqlite_where=text("state = 'waiting' AND held_by IS NULL"),
            postgresql_where=text("state = 'waiting' AND held_by IS NULL"),
        ),
        Index(
            "ix_dispatches_held_by",
            "held_by",
            sqlite_where=text("held_by IS NOT NULL"),
            postgresql_where=text("held_by IS NOT NULL"),
        ),
        Index(
            "ix_dispatches_lease_until",
            "lease_until",
            sqlite_where=text("state = 'underway'"),
            postgresql_where=text("state = 'underway'"),
        ),
        Index(
            "ix_dispatches_news_due_at",
            "news_due_at",
            sqlite_where=text("state = 'handed_over'"),
            postgresql_where=text("state = 'handed_over'"),
        ),
        Index("ix_dispatches_channel_state", "channel", "state"),
        Index(
            "ix_dispatches_of_unit",
            "unit_id",
            sqlite_where=text("unit_id IS NOT NULL"),
            postgresql_where=text("unit_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=to("cases", index=True))
    phone_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    stem: str = Field(sa_column=word(12, unique=True))
    channel: str = Field(sa_column=word(8))
    means: str = Field(sa_column=word(8))
    target: str = Field(sa_column=word(8))
    risk: str = Field(sa_column=word(2))
    lane: str = Field(sa_column=word(8))
    state: str = Field(sa_column=word(12))
    planned_at: datetime = Field(sa_column=instant())
    due_at: datetime = Field(sa_column=instant())
    hand_over_by: datetime | None = Field(sa_column=instant(nullable=True))
    ring_at: datetime = Field(sa_column=instant())
    rings: int = Field(sa_column=Column(Integer, nullable=False))
    lease_until: datetime | None = Field(sa_column=instant(nullable=True))
    lease_owner: str | None = Field(sa_column=word(64, nullable=True))
    fence: int = Field(sa_column=Column(Integer, nullable=False))
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    attempts: int = Field(sa_column=Column(Integer, nullable=False))
    handed_over_at: datetime | None = Field(sa_column=instant(nullable=True))
    news_due_at: datetime | None = Field(sa_column=instant(nullable=True))
    outcome: str | None = Field(sa_column=word(24, nullable=True))
    reason: str | None = Field(sa_column=word(64, nullable=True))
    ended_at: datetime | None = Field(sa_column=instant(nullable=True))
    passed_over: str | None = Field(sa_column=word(300, nullable=True))
    held_by: UUID | None = Field(sa_column=Column(Uuid(), nullable=True))
    unit_id: UUID | None = Field(sa_column=to("units", nullable=True))
    assigned_at: datetime | None = Field(sa_column=instant(nullable=True))
    signed_in_at: datetime | None = Field(sa_column=instant(nullable=True))
    signed_in_by: UUID | None = Field(sa_column=to("api_keys", nullable=True))
