"""One row is an upstream that is told by requests to its own address; and what waits for each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, to, word


class Webhook(SQLModel, table=True):
    """Added and removed by an administrator; moved by whoever delivers.

    Address and secret are in `sealed`; `host` is the part of the address that may be shown. `next_try_at` is also the
    claim of whoever delivers: it is moved ahead by compare-and-set, so that one delivers at a time, and a dead one is
    replaced when that instant comes.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        one_of("state", ("working", "failing")),
        rule("(state = 'failing') = (failing_since IS NOT NULL)", "failing_says_since_when"),
        rule("(state = 'failing') = (tries > 0)", "failing_counts_its_tries"),
    )

    id: UUID = Field(sa_column=key())
    source: str = Field(sa_column=word(64, unique=True))
    host: str = Field(sa_column=word(255))
    made_at: datetime = Field(sa_column=instant())
    state: str = Field(sa_column=word(8))
    failing_since: datetime | None = Field(sa_column=instant(nullable=True))
    last_status: str | None = Field(sa_column=word(32, nullable=True))
    last_at: datetime | None = Field(sa_column=instant(nullable=True))
    tries: int = Field(sa_column=Column(Integer, nullable=False))
    next_try_at: datetime = Field(sa_column=instant())
    sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))


class WebhookLetter(SQLModel, table=True):
    """One outcome on its way to one address, whole; moved here from `outcomes` in one transaction, deleted when the
    upstream has answered 2xx. An upstream that is down for days has its own row of them and holds up nobody else.
    """

    __tablename__ = "webhook_letters"
    __table_args__ = (
        Index("ix_webhook_letters_webhook_id_id", "webhook_id", "id"),
        {"sqlite_autoincrement": True},  # numbers never come again, so that their order is the order of telling
    )

    id: int = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    webhook_id: UUID = Field(sa_column=to("webhooks"))
    at: datetime = Field(sa_column=instant())
    body: str = Field(sa_column=Column(Text, nullable=False))
