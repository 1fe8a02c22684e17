"""One row is one emergency stop of a payment: 紧急止付, from the proposal to the bank's answer."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Index, Integer, LargeBinary, Numeric, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, to, word
from dispatcher.words import StopReply, StopState

OPEN = "state IN ('proposed', 'requested')"


class StopPayment(SQLModel, table=True):
    """Proposed by a pressed key or a report; requested or dismissed by a person; answered as the bank answered.

    The receiving account and the names of those who decided are in `sealed`. `number` counts the stops of one account:
    the first, the second, and never a third; it is empty where the bank stopped nothing, so that this one is not spent.
    """

    __tablename__ = "stop_payments"
    __table_args__ = (
        one_of("state", StopState),
        one_of("reply", StopReply, nullable=True),
        rule("(state IN ('requested', 'answered')) = (requested_at IS NOT NULL)", "requested_has_an_instant"),
        rule("(requested_at IS NULL) = (requested_by IS NULL)", "requested_by_somebody"),
        rule(
            "requested_at IS NULL OR (bank IS NOT NULL AND account_index IS NOT NULL AND amount_yuan IS NOT NULL)",
            "requested_names_bank_account_and_amount",
        ),
        rule("amount_yuan IS NULL OR amount_yuan > 0", "amount_is_money"),
        rule("(state = 'dismissed') = (dismissed_at IS NOT NULL)", "dismissed_has_an_instant"),
        rule("(dismissed_at IS NULL) = (dismissed_by IS NULL)", "dismissed_by_somebody"),
        rule("(state = 'answered') = (answered_at IS NOT NULL)", "answered_has_an_instant"),
        rule("(answered_at IS NULL) = (answered_by IS NULL)", "answered_by_somebody"),
        rule("(state = 'answered') = (reply IS NOT NULL)", "answered_has_a_reply"),
        rule("(state = 'proposed') = (reason IS NULL)", "decided_with_a_reason"),
        rule("(state = 'proposed') = (sealed IS NULL)", "decided_by_a_name"),
        rule("(sealed IS NULL) = (key_id IS NULL)", "sealed_with_a_key"),
        rule("(reply IS NOT NULL AND reply = 'stopped') = (stopped_yuan IS NOT NULL)", "stopped_has_an_amount"),
        rule("stopped_yuan IS NULL OR stopped_yuan > 0", "stopped_is_money"),
        rule("(stopped_yuan IS NULL) = (stopped_until IS NULL)", "stopped_has_an_end"),
        rule("number IS NULL OR number IN (1, 2)", "at_most_twice"),
        rule("(number IS NOT NULL) = (state = 'requested' OR stopped_yuan IS NOT NULL)", "counted_while_it_may_stand"),
        Index("no_third_stop_of_an_account", "account_index", "number", unique=True),
        Index(
            "one_open_stop_per_case",
            "case_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
        Index("ix_stop_payments_open", "proposed_at", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
    )

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=to("cases", index=True))
    dispatch_id: UUID = Field(sa_column=to("dispatches"))
    state: str = Field(sa_column=word(12))
    why: str = Field(sa_column=word(64))
    proposed_at: datetime = Field(sa_column=instant())
    bank: str | None = Field(sa_column=word(64, nullable=True))
    account_index: bytes | None = Field(sa_column=Column(LargeBinary(32), nullable=True))
    number: int | None = Field(sa_column=Column(Integer, nullable=True))
    amount_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    sealed: bytes | None = Field(sa_column=sealed(nullable=True))
    key_id: str | None = Field(sa_column=word(16, nullable=True))
    reason: str | None = Field(sa_column=word(128, nullable=True))
    requested_at: datetime | None = Field(sa_column=instant(nullable=True))
    requested_by: UUID | None = Field(sa_column=to("api_keys", nullable=True))
    dismissed_at: datetime | None = Field(sa_column=instant(nullable=True))
    dismissed_by: UUID | None = Field(sa_column=to("api_keys", nullable=True))
    answered_at: datetime | None = Field(sa_column=instant(nullable=True))
    answered_by: UUID | None = Field(sa_column=to("api_keys", nullable=True))
    reply: str | None = Field(sa_column=word(16, nullable=True))
    stopped_yuan: Decimal | None = Field(sa_column=Column(Numeric(14, 2), nullable=True))
    stopped_until: datetime | None = Field(sa_column=instant(nullable=True))
