"""One row is one thing that upstreams are still to be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Text, Uuid, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, one_of, rule, word

ANSWERS = ("accepted", "joined", "repeated", "amended", "withdrawn")
WHAT = (*ANSWERS, "refused", "dispatch_ended", "case_closed", "case_reopened")


class Untold(SQLModel, table=True):
    """Written in the same transaction as the change it tells; deleted by the publisher once every upstream's channel
    has it. Carries no personal data.

    `number` is given while the person is locked, so that the numbers of one person's changes ascend in the order of
    their commits; none is ever given twice. `told` is the part of the message that must say how things stood at that
    moment, as JSON; `also` are the cases that shared this call or visit, with spaces between. `joined` is an
    acceptance by a case that was there, or that shares another's call: what happened before is not this upstream's.
    No foreign keys: rows live for a second, and what they name is never deleted sooner.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        one_of("what", WHAT),
        rule("(what = 'refused') = (case_id IS NULL)", "only_a_refusal_has_no_case"),
        rule(
            "(alert_id IS NOT NULL) = (what IN ('accepted', 'joined', 'repeated', 'amended', 'withdrawn'))",
            "an_answer_names_its_alert",
        ),
        rule("alert_id IS NULL OR source_ref IS NOT NULL", "an_answer_names_its_reference"),
        Index(
            "ix_outcomes_joined",
            "case_id",
            sqlite_where=text("what = 'joined'"),
            postgresql_where=text("what = 'joined'"),
        ),
        {"sqlite_autoincrement": True},  # else SQLite gives a number again once the last row is gone
    )

    number: int = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    what: str = Field(sa_column=word(16))
    at: datetime = Field(sa_column=instant())
    case_id: UUID | None = Field(sa_column=Column(Uuid(), nullable=True))
    alert_id: UUID | None = Field(sa_column=Column(Uuid(), nullable=True))
    source: str | None = Field(sa_column=word(64, nullable=True))
    source_ref: str | None = Field(sa_column=word(128, nullable=True))
    told: str = Field(sa_column=Column(Text, nullable=False))
    also: str | None = Field(sa_column=Column(Text, nullable=True))
