"""One row is one duty of the clock, and when it was last done by any worker."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, word


class Tick(SQLModel, table=True):
    """Taken by compare-and-set: whichever worker moves `ticked_at` does the sweep; several at once are harmless."""

    __tablename__ = "ticks"

    duty: str = Field(sa_column=Column(String(32), primary_key=True))
    ticked_at: datetime = Field(sa_column=instant())
    by: str = Field(sa_column=word(64))
