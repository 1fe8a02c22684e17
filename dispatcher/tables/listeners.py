"""One row is an upstream that hears its outcomes by the queue; and what waits for each that has lost its own."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, rule


class Listener(SQLModel, table=True):
    """Written by the publisher: somebody was bound for `key` when it published, last at `heard_at` (to a minute).

    `gone_since` and `next_try_at` are set while outcomes wait that the broker has returned. Then nothing newer of the
    same key is published before them; the publisher that has the turn tries again at `next_try_at`.
    """

    __tablename__ = "listeners"
    __table_args__ = (
        rule("(gone_since IS NOT NULL) = (next_try_at IS NOT NULL)", "gone_is_tried_again"),
        rule("(gone_since IS NOT NULL) = (tries > 0)", "gone_counts_its_tries"),
    )

    key: str = Field(sa_column=Column(String(80), primary_key=True))
    heard_at: datetime = Field(sa_column=instant())
    gone_since: datetime | None = Field(sa_column=instant(nullable=True))
    next_try_at: datetime | None = Field(sa_column=instant(nullable=True))
    tries: int = Field(sa_column=Column(Integer, nullable=False))


class ListenerLetter(SQLModel, table=True):
    """One outcome, whole, that the broker has returned; moved here from `outcomes` in one transaction, deleted when
    the broker has put it in a queue, or when the upstream has been gone for a day.
    """

    __tablename__ = "listener_letters"
    __table_args__ = (
        Index("ix_listener_letters_key_id", "key", "id"),
        {"sqlite_autoincrement": True},  # numbers never come again, so that their order is the order of telling
    )

    id: int = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    key: str = Field(sa_column=Column(String(80), ForeignKey("listeners.key"), nullable=False))
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
