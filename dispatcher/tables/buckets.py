"""One row is what one carrier may still be given on one channel, by all workers of all hosts together."""

from datetime import datetime

from sqlalchemy import Column, Float, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, one_of, rule
from dispatcher.words import Channel


class Bucket(SQLModel, table=True):
    """Written by whoever takes tokens, under the row's lock; the arithmetic is `dispatcher.tokens`.

    A row is made by the first letter after a limit was set. `line_ends_at` and its like: until when places are
    promised to letters that got no token.
    """

    __tablename__ = "buckets"
    __table_args__ = (
        one_of("channel", (Channel.SMS, Channel.CALL)),
        rule("tokens >= 0 AND urgent_tokens >= 0", "never_overdrawn"),
    )

    carrier: str = Field(sa_column=Column(String(32), primary_key=True))
    channel: str = Field(sa_column=Column(String(8), primary_key=True))
    tokens: float = Field(sa_column=Column(Float(53), nullable=False))
    urgent_tokens: float = Field(sa_column=Column(Float(53), nullable=False))
    refilled_at: datetime = Field(sa_column=instant())
    line_ends_at: datetime = Field(sa_column=instant())
    line_again_ends_at: datetime = Field(sa_column=instant())
    urgent_line_ends_at: datetime = Field(sa_column=instant())
    urgent_line_again_ends_at: datetime = Field(sa_column=instant())
