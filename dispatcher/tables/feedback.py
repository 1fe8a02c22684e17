"""One row is what an officer or caller reported of one try."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, to, word
from dispatcher.words import CloseCode, FraudType, Risk


class Feedback(SQLModel, table=True):
    """Written once by the worklist's door; the latest one of a case counts. The same body again is the same row."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("attempt_id", "body_index", name="one_feedback_per_body"),
        one_of("target", ("self", "relative", "other")),
        one_of("reach", ("reached", "not_reached")),
        one_of("verdict", ("not_defrauded", "defrauded", "unknown"), nullable=True),
        one_of("dissuasion", ("self_aware", "timely", "refused", "not_needed"), nullable=True),
        one_of("visit", ("met", "invalid"), nullable=True),
        one_of("actual_risk", Risk, nullable=True),
        one_of("actual_fraud_type", FraudType, nullable=True),
        one_of("close_code", CloseCode, nullable=True),
        one_of("submit", ("straight", "again")),
        rule("reach = 'reached' OR (verdict IS NULL AND dissuasion IS NULL)", "not_reached_has_no_verdict"),
        rule("reach = 'reached' OR reason IS NOT NULL", "not_reached_says_why"),
        rule(
            "verdict IS NULL OR verdict <> 'defrauded' OR (defrauded_yuan > 0 AND fraud_time IS NOT NULL)",
            "defrauded_has_money_and_time",
        ),
        rule(
            "visit IS NULL OR visit <> 'met' OR (target = 'self' AND reach = 'reached' AND verdict IS NOT NULL)",
            "met_is_the_person_himself",
        ),
        rule("visit IS NULL OR visit <> 'invalid' OR visit_reason IS NOT NULL", "invalid_visit_says_why"),
    )

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=to("cases", index=True))
    dispatch_id: UUID = Field(sa_column=to("dispatches", index=True))
    attempt_id: UUID = Field(sa_column=to("attempts"))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    by_key: UUID = Field(sa_column=to("api_keys"))
    body_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    received_at: datetime = Field(sa_column=instant())
    happened_at: datetime = Field(sa_column=instant())
    target: str = Field(sa_column=word(8))
    reach: str = Field(sa_column=word(12))
    reason: str | None = Field(sa_column=word(16, nullable=True))
    verdict: str | None = Field(sa_column=word(16, nullable=True))
    dissuasion: str | None = Field(sa_column=word(16, nullable=True))
    visit: str | None = Field(sa_column=word(8, nullable=True))
    visit_reason: str | None = Field(sa_column=word(16, nullable=True))
    defrauded_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    dissuaded_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    stopped_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    fraud_time: datetime | None = Field(sa_column=instant(nullable=True))
    actual_risk: str | None = Field(sa_column=word(2, nullable=True))
    actual_fraud_type: str | None = Field(sa_column=word(nullable=True))
    close_code: str | None = Field(sa_column=word(24, nullable=True))
    submit: str = Field(sa_column=word(8))
    on_scene: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    on_time: bool | None = Field(
        sa_column=Column(Boolean(create_constraint=True, name="on_time_is_boolean"), nullable=True)
    )
