"""One row is one piece of news as it came."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, word


class Receipt(SQLModel, table=True):
    """Stored first, whole and sealed; applied after, once.

    `waiting` until its reference is known and the carrier's own answer is settled; then `applied`, or `noted` when
    it changed nothing (not final, repeated, or worse than what is known); `orphan` when its reference stays unknown.
    `reference` is empty while a carrier has told only its own name for the try, `carrier_ref`, and no try is known to
    go by that name.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        one_of("state", ("waiting", "applied", "noted", "orphan")),
        rule("(applied_at IS NULL) = (state = 'waiting')", "waiting_is_not_applied"),
        Index(
            "ix_receipts_again_at",
            "again_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_receipts_unnamed",
            "carrier",
            "carrier_ref",
            sqlite_where=text("state = 'waiting' AND reference = ''"),
            postgresql_where=text("state = 'waiting' AND reference = ''"),
        ),
    )

    id: UUID = Field(sa_column=key())
    carrier: str = Field(sa_column=word())
    reference: str = Field(sa_column=word(64, index=True))
    carrier_ref: str | None = Field(sa_column=word(64, nullable=True))
    code: str = Field(sa_column=word(64))
    happened_at: datetime = Field(sa_column=instant())
    received_at: datetime = Field(sa_column=instant())
    state: str = Field(sa_column=word(8))
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    again_at: datetime = Field(sa_column=instant())
    applied_at: datetime | None = Field(sa_column=instant(nullable=True))
    sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))
