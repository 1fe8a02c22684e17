"""One row is how one carrier fares, as all workers of all hosts together see it."""

from datetime import datetime

from sqlalchemy import Column, Float, Integer, String
from sqlmodel import Field, SQLModel

from dispatcher.routing.breaker import State
from dispatcher.tables.columns import instant, one_of, rule, word


class CarrierHealth(SQLModel, table=True):
    """Written by whoever has something to tell of a carrier, under the row's lock, a few times a second at the most;
    the arithmetic is `dispatcher.routing.breaker`.

    `asked` and `failed` are requests that count the less the older they are. `probe_at` is when a few letters may try
    a carrier that is passed by. `our_fault_code` is what the carrier last refused for a reason that we must mend: a
    signature, a template, no money.
    """

    __tablename__ = "carrier_health"
    __table_args__ = (
        one_of("state", State),
        rule("(state = 'closed') = (probe_at IS NULL)", "closed_needs_no_probe"),
        rule("failed >= 0 AND failed <= asked AND run >= 0 AND opened >= 0", "counts_are_sane"),
        rule("(our_fault_at IS NULL) = (our_fault_code IS NULL)", "our_fault_says_when"),
    )

    carrier: str = Field(sa_column=Column(String(32), primary_key=True))
    state: str = Field(sa_column=word(12))
    since: datetime = Field(sa_column=instant())
    probe_at: datetime | None = Field(sa_column=instant(nullable=True))
    opened: int = Field(sa_column=Column(Integer, nullable=False))
    run: int = Field(sa_column=Column(Integer, nullable=False))
    asked: float = Field(sa_column=Column(Float(53), nullable=False))
    failed: float = Field(sa_column=Column(Float(53), nullable=False))
    counted_at: datetime = Field(sa_column=instant())
    latency_s: float | None = Field(sa_column=Column(Float(53), nullable=True))
    our_fault_at: datetime | None = Field(sa_column=instant(nullable=True))
    our_fault_code: str | None = Field(sa_column=word(64, nullable=True))
