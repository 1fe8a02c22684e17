"""One row is one try of a dispatch, committed before the carrier is called."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, to, word
from dispatcher.words import Answer, Outcome


class Attempt(SQLModel, table=True):
    """Opened by a claim; answered once by settle or by the clock; its outcome comes once, by news or a report.

    `reference` (at most 15 letters and digits) is how we and the carrier call this try. `answer` NULL means that the
    request may be out right now; `unsure` may be resolved once, by asking, to accepted or refused. `ask_at` is when
    the carrier is asked (again).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("dispatch_id", "number", name="one_attempt_per_try"),
        one_of("answer", Answer, nullable=True),
        one_of("outcome", Outcome, nullable=True),
        rule("(answer IS NULL) = (answered_at IS NULL)", "answered_means_answered_at"),
        rule("(outcome IS NULL) = (outcome_at IS NULL)", "outcome_has_an_instant"),
        rule("number >= 1", "tries_count_from_one"),
        rule("length(reference) <= 15", "reference_fits_every_carrier"),
        Index(
            "ix_attempts_ask_at",
            "ask_at",
            sqlite_where=text("ask_at IS NOT NULL"),
            postgresql_where=text("ask_at IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 45}},  # each is changed twice, and no index need know
    )

    id: UUID = Field(sa_column=key())
    dispatch_id: UUID = Field(sa_column=to("dispatches"))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    reference: str = Field(sa_column=word(15, unique=True))
    carrier: str = Field(sa_column=word())
    begun_at: datetime = Field(sa_column=instant())
    answered_at: datetime | None = Field(sa_column=instant(nullable=True))
    answer: str | None = Field(sa_column=word(12, nullable=True))
    code: str | None = Field(sa_column=word(64, nullable=True))
    carrier_ref: str | None = Field(sa_column=word(64, nullable=True))
    ask_at: datetime | None = Field(sa_column=instant(nullable=True))
    asks: int = Field(sa_column=Column(Integer, nullable=False))
    outcome: str | None = Field(sa_column=word(24, nullable=True))
    outcome_code: str | None = Field(sa_column=word(64, nullable=True))
    outcome_at: datetime | None = Field(sa_column=instant(nullable=True))
