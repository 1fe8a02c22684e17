"""One row is one line of a case's timeline."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, to, word


class Event(SQLModel, table=True):
    """Appended in the same transaction as the change it tells; never changed. Carries no personal data."""

    __tablename__ = "events"

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=to("cases", index=True))
    dispatch_id: UUID | None = Field(sa_column=to("dispatches", nullable=True))
    at: datetime = Field(sa_column=instant())
    actor: str = Field(sa_column=word(64))
    what: str = Field(sa_column=word(32))
    from_state: str | None = Field(sa_column=word(12, nullable=True))
    to_state: str | None = Field(sa_column=word(12, nullable=True))
    why: str | None = Field(sa_column=word(128, nullable=True))
