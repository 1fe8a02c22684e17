"""One row is one process at work, and when it was last seen."""

from datetime import datetime

from sqlalchemy import Column, Integer, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, one_of, word

LANES = ("intake", "urgent", "routine", "web")


class Worker(SQLModel, table=True):
    """Written by the process itself every few seconds; gone when it stops in order, old when it died.

    Nothing is decided by it: leases say who owns work. It tells operators who is there.
    """

    __tablename__ = "workers"
    __table_args__ = (one_of("lane", LANES),)

    name: str = Field(sa_column=Column(String(128), primary_key=True))
    lane: str = Field(sa_column=word(8))
    host: str = Field(sa_column=word(64))
    pid: int = Field(sa_column=Column(Integer, nullable=False))
    version: str = Field(sa_column=word(24))
    started_at: datetime = Field(sa_column=instant())
    seen_at: datetime = Field(sa_column=instant(index=True))
