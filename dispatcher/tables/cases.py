"""One row is one person's danger: the alerts about one person and type of fraud, and what came of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, text
from sqlalchemy import ForeignKey as Reference
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, sealed, to, word
from dispatcher.words import CloseCode, FraudType, Risk


class Case(SQLModel, table=True):
    """Opened by intake; moved by `move` and `conclude` as its dispatches end; closed by a rule or by a person.

    `contacted_at` is the instant at which the person himself was reached, by voice or met: a delivered text is
    not contact. `shares_case_id` names the open case of another type whose call and visit serve this one too.
    `policy_digest` names the policy that was in force when it was planned.
    """

    __tablename__ = "cases"
    __table_args__ = (
        one_of("state", ("open", "closed")),
        one_of("risk", Risk),
        one_of("first_risk", Risk),
        one_of("fraud_type", FraudType),
        one_of("close_code", CloseCode, nullable=True),
        one_of("contacted_by", ("robot", "human", "officer"), nullable=True),
        rule("(closed_at IS NOT NULL) = (state = 'closed')", "closed_means_closed_at"),
        rule("state <> 'closed' OR close_code IS NOT NULL", "closed_means_coded"),
        rule("state <> 'closed' OR close_code <> 'temp_unreachable'", "temp_unreachable_stays_open"),
        rule(
            "state <> 'open' OR close_code IS NULL OR close_code = 'temp_unreachable'",
            "open_means_not_concluded",
        ),
        rule("(contacted_at IS NULL) = (contacted_by IS NULL)", "contact_has_a_voice"),
        rule("pushes >= 1", "pushed_at_least_once"),
        Index(
            "one_open_case_per_person_and_type",
            "phone_index",
            "fraud_type",
            "is_test",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_cases_closes_itself_at",
            "closes_itself_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_cases_for_a_supervisor",
            "region",
            sqlite_where=text("state = 'open' AND (close_code IS NOT NULL OR dissuasion = 'refused')"),
            postgresql_where=text("state = 'open' AND (close_code IS NOT NULL OR dissuasion = 'refused')"),
        ),
        {"postgresql_with": {"fillfactor": 80}},  # most are changed once, when their person is reached
    )

    id: UUID = Field(sa_column=key())
    phone_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, index=True))
    phone_sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))
    fraud_type: str = Field(sa_column=word())
    first_risk: str = Field(sa_column=word(2))
    risk: str = Field(sa_column=word(2))
    raised_at: datetime | None = Field(sa_column=instant(nullable=True))
    region: str = Field(sa_column=word(6))
    is_test: bool = Field(sa_column=Column(Boolean(create_constraint=True, name="is_test_is_boolean"), nullable=False))
    pushes: int = Field(sa_column=Column(Integer, nullable=False))
    second_warning: bool = Field(
        sa_column=Column(Boolean(create_constraint=True, name="second_warning_is_boolean"), nullable=False)
    )
    state: str = Field(sa_column=word(8))
    opened_at: datetime = Field(sa_column=instant())
    contacted_at: datetime | None = Field(sa_column=instant(nullable=True))
    contacted_by: str | None = Field(sa_column=word(8, nullable=True))
    verdict: str | None = Field(sa_column=word(16, nullable=True))
    dissuasion: str | None = Field(sa_column=word(16, nullable=True))
    close_code: str | None = Field(sa_column=word(24, nullable=True))
    closed_at: datetime | None = Field(sa_column=instant(nullable=True))
    closes_itself_at: datetime | None = Field(sa_column=instant(nullable=True))
    previous_case_id: UUID | None = Field(sa_column=to("cases", nullable=True))
    shares_case_id: UUID | None = Field(sa_column=to("cases", nullable=True, index=True))
    policy_digest: str = Field(sa_column=Column(String(64), Reference("policies.digest"), nullable=False))
