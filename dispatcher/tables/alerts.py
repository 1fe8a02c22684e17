"""One row is what one upstream said, once."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, to, word
from dispatcher.words import FraudType, Risk


class Alert(SQLModel, table=True):
    """Written by intake, never moved; amended or withdrawn only by its own upstream, or by an administrator.

    (`source`, `source_ref`) says it once; `body_index` tells a repeat from a conflict, and `revision` counts what the
    upstream has said of it since. What is withdrawn counts in no figure.

    `push_lag_ms` is how long after the event it came, None when the upstream did not know the event's time.
    `merged` is false for the one alert that stands for its case: the first that is not withdrawn. What identifies a
    person is in `sealed`.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("source", "source_ref", name="one_alert_per_source_ref"),
        one_of("risk", Risk),
        one_of("fraud_type", FraudType),
        rule("length(region) = 6", "region_has_six_digits"),
        rule("amount_yuan IS NULL OR amount_yuan >= 0", "amount_is_not_negative"),
        Index("ix_alerts_received_at_region", "received_at", "region"),
    )

    id: UUID = Field(sa_column=key())
    source: str = Field(sa_column=word(64))
    source_ref: str = Field(sa_column=word(128))
    batch: str | None = Field(sa_column=word(128, nullable=True))
    body_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    door: str = Field(sa_column=word(16))
    case_id: UUID = Field(sa_column=to("cases", index=True))
    merged: bool = Field(sa_column=Column(Boolean(create_constraint=True, name="merged_is_boolean"), nullable=False))
    is_test: bool = Field(sa_column=Column(Boolean(create_constraint=True, name="is_test_is_boolean"), nullable=False))
    withdrawn_at: datetime | None = Field(sa_column=instant(nullable=True))
    revision: int = Field(sa_column=Column(Integer, nullable=False, server_default="1"))
    risk: str = Field(sa_column=word(2))
    fraud_type: str = Field(sa_column=word())
    region: str = Field(sa_column=word(6))
    region_from: str = Field(sa_column=word(16))
    occurred_at: datetime | None = Field(sa_column=instant(nullable=True))
    pushed_at: datetime = Field(sa_column=instant())
    received_at: datetime = Field(sa_column=instant())
    push_lag_ms: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    phone_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    sex: str | None = Field(sa_column=word(8, nullable=True))
    age_band: str | None = Field(sa_column=word(16, nullable=True))
    amount_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))
