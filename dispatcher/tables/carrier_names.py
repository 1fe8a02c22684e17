"""One row is the name by which a carrier calls a try of ours, where its news repeats no reference of ours."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, rule, word


class CarrierName(SQLModel, table=True):
    """Written by settle, together with the answer in which the carrier told it; read when its news comes.

    A table of its own: an index on `attempts.carrier_ref` would make each answer of every carrier touch all of that
    table's indexes (see there), for the few carriers that need it.
    """

    __tablename__ = "carrier_names"
    __table_args__ = (rule("length(reference) > 0", "a_name_is_of_a_try"),)

    carrier: str = Field(sa_column=Column(String(32), primary_key=True))
    carrier_ref: str = Field(sa_column=Column(String(64), primary_key=True))
    reference: str = Field(sa_column=word(15))
    told_at: datetime = Field(sa_column=instant())
