"""Memory: one file a table, constrained so that a table refuses nonsense.

The SQLModel classes say what a row is; the lower-case names are the same tables for SQLAlchemy Core, which hot
paths use.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from dispatcher.tables.alerts import Alert
from dispatcher.tables.attempts import Attempt
from dispatcher.tables.cases import Case
from dispatcher.tables.dead_letters import DeadLetter
from dispatcher.tables.deadlines import Deadline
from dispatcher.tables.dispatches import Dispatch
from dispatcher.tables.events import Event
from dispatcher.tables.feedback import Feedback
from dispatcher.tables.policies import PolicyText
from dispatcher.tables.receipts import Receipt
from dispatcher.tables.ticks import Tick
from dispatcher.tables.units import Access, ApiKey, Person, Unit

metadata = SQLModel.metadata


def _table(model: type[SQLModel]) -> Table:
    return metadata.tables[str(model.__tablename__)]


alerts = _table(Alert)
attempts = _table(Attempt)
cases = _table(Case)
dead_letters = _table(DeadLetter)
deadlines = _table(Deadline)
dispatches = _table(Dispatch)
events = _table(Event)
feedback = _table(Feedback)
policies = _table(PolicyText)
receipts = _table(Receipt)
ticks = _table(Tick)
units = _table(Unit)
people = _table(Person)
api_keys = _table(ApiKey)
access_log = _table(Access)

__all__ = [
    "Access",
    "Alert",
    "ApiKey",
    "Attempt",
    "Case",
    "DeadLetter",
    "Deadline",
    "Dispatch",
    "Event",
    "Feedback",
    "Person",
    "PolicyText",
    "Receipt",
    "Tick",
    "Unit",
    "access_log",
    "alerts",
    "api_keys",
    "attempts",
    "cases",
    "dead_letters",
    "deadlines",
    "dispatches",
    "events",
    "feedback",
    "metadata",
    "people",
    "policies",
    "receipts",
    "ticks",
    "units",
]
