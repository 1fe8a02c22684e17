"""One row is an operator's word that some dispatches shall wait."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Boolean, Column, Index, Integer, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, rule, word


class Hold(SQLModel, table=True):
    """Made by an operator, released by one; while it stands, no worker takes what it holds.

    A `hold` holds whatever matches `filter`, now and later. A `brake` holds machines' dispatches of the alerts of
    `source` beyond `per_minute` in a minute; `seen` counts those of `minute`, under the row's lock. `let_go_at` is when
    the last dispatch of a released one was free again; the clock finishes what a dead operator's command began.
    """

    __tablename__ = "holds"
    __table_args__ = (
        one_of("kind", ("hold", "brake")),
        rule("(kind = 'brake') = (source IS NOT NULL)", "a_brake_has_a_source"),
        rule("(kind = 'brake') = (per_minute IS NOT NULL)", "a_brake_has_a_limit"),
        rule("per_minute IS NULL OR per_minute >= 0", "the_limit_is_not_negative"),
        rule("(released_at IS NULL) = (released_by IS NULL)", "released_by_somebody"),
        rule("let_go_at IS NULL OR released_at IS NOT NULL", "let_go_after_release"),
        Index(
            "one_standing_brake_per_source",
            "source",
            unique=True,
            sqlite_where=text("kind = 'brake' AND released_at IS NULL"),
            postgresql_where=text("kind = 'brake' AND released_at IS NULL"),
        ),
        Index(
            "ix_holds_standing",
            "kind",
            sqlite_where=text("let_go_at IS NULL"),
            postgresql_where=text("let_go_at IS NULL"),
        ),
    )

    id: UUID = Field(sa_column=key())
    kind: str = Field(sa_column=word(8))
    filter: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    source: str | None = Field(sa_column=word(64, nullable=True))
    per_minute: int | None = Field(sa_column=Column(Integer, nullable=True))
    urgent_too: bool = Field(
        sa_column=Column(Boolean(create_constraint=True, name="urgent_too_is_boolean"), nullable=False)
    )
    reason: str = Field(sa_column=word(128))
    made_at: datetime = Field(sa_column=instant())
    made_by: str = Field(sa_column=word(64))
    released_at: datetime | None = Field(sa_column=instant(nullable=True))
    released_by: str | None = Field(sa_column=word(64, nullable=True))
    let_go_at: datetime | None = Field(sa_column=instant(nullable=True))
    minute: datetime | None = Field(sa_column=instant(nullable=True))
    seen: int = Field(sa_column=Column(Integer, nullable=False))
