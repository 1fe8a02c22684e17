"""One row is an alert that was refused, whole and sealed, with every reason."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, to, word


class DeadLetter(SQLModel, table=True):
    """Kept by intake in the same transaction as its refusal; the same body again counts up `times`.

    `faults` is a list of {"field", "message"}; no message carries a value. `replayed` when a mended form was accepted.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        one_of("state", ("kept", "replayed")),
        rule("(state = 'replayed') = (alert_id IS NOT NULL)", "replayed_names_its_alert"),
        rule("times >= 1", "refused_at_least_once"),
        Index("ix_dead_letters_received_at", "received_at"),
    )

    id: UUID = Field(sa_column=key())
    door: str = Field(sa_column=word(16))
    batch: str | None = Field(sa_column=word(128, nullable=True))
    source: str | None = Field(sa_column=word(64, nullable=True))
    source_ref: str | None = Field(sa_column=word(128, nullable=True))
    body_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    faults: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    times: int = Field(sa_column=Column(Integer, nullable=False))
    received_at: datetime = Field(sa_column=instant())
    last_at: datetime = Field(sa_column=instant())
    state: str = Field(sa_column=word(8))
    alert_id: UUID | None = Field(sa_column=to("alerts", nullable=True))
    sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))
