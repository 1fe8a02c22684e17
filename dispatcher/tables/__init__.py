"""Memory: one file a table, constrained so that a table refuses nonsense.

The SQLModel classes say what a row is; the lower-case names are the same tables for SQLAlchemy Core, which hot
paths use.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from dispatcher.tables.accounts import Account, Session, SignInTry
from dispatcher.tables.alerts import Alert
from dispatcher.tables.attempts import Attempt
from dispatcher.tables.buckets import Bucket
from dispatcher.tables.carrier_health import CarrierHealth
from dispatcher.tables.carrier_names import CarrierName
from dispatcher.tables.cases import Case
from dispatcher.tables.dead_letters import DeadLetter
from dispatcher.tables.deadlines import Deadline
from dispatcher.tables.dispatches import Dispatch
from dispatcher.tables.events import Event
from dispatcher.tables.feedback import Feedback
from dispatcher.tables.figures import FigureAlert, FigureChange
from dispatcher.tables.figures_days import FigureDay
from dispatcher.tables.figures_kinds import FigureKind, FigureRested
from dispatcher.tables.holds import Hold
from dispatcher.tables.listeners import Listener, ListenerLetter
from dispatcher.tables.outcomes import Untold
from dispatcher.tables.policies import PolicyText
from dispatcher.tables.receipts import Receipt
from dispatcher.tables.stop_payments import StopPayment
from dispatcher.tables.ticks import Tick
from dispatcher.tables.units import Access, ApiKey, Person, Unit
from dispatcher.tables.webhooks import Webhook, WebhookLetter
from dispatcher.tables.workers import Worker

metadata = SQLModel.metadata


def _table(model: type[SQLModel]) -> Table:
    return metadata.tables[str(model.__tablename__)]


accounts = _table(Account)
alerts = _table(Alert)
attempts = _table(Attempt)
buckets = _table(Bucket)
carrier_health = _table(CarrierHealth)
carrier_names = _table(CarrierName)
cases = _table(Case)
dead_letters = _table(DeadLetter)
deadlines = _table(Deadline)
dispatches = _table(Dispatch)
events = _table(Event)
feedback = _table(Feedback)
figures_alerts = _table(FigureAlert)
figures_changes = _table(FigureChange)
figures_days = _table(FigureDay)
figures_kinds = _table(FigureKind)
figures_rested = _table(FigureRested)
holds = _table(Hold)
listener_letters = _table(ListenerLetter)
listeners = _table(Listener)
outcomes = _table(Untold)
policies = _table(PolicyText)
receipts = _table(Receipt)
sessions = _table(Session)
sign_in_tries = _table(SignInTry)
stop_payments = _table(StopPayment)
ticks = _table(Tick)
units = _table(Unit)
people = _table(Person)
api_keys = _table(ApiKey)
access_log = _table(Access)
webhook_letters = _table(WebhookLetter)
webhooks = _table(Webhook)
workers = _table(Worker)

__all__ = [
    "Access",
    "Account",
    "Alert",
    "ApiKey",
    "Attempt",
    "Bucket",
    "CarrierHealth",
    "CarrierName",
    "Case",
    "DeadLetter",
    "Deadline",
    "Dispatch",
    "Event",
    "Feedback",
    "FigureAlert",
    "FigureChange",
    "FigureDay",
    "FigureKind",
    "FigureRested",
    "Hold",
    "Listener",
    "ListenerLetter",
    "Person",
    "PolicyText",
    "Receipt",
    "Session",
    "SignInTry",
    "StopPayment",
    "Tick",
    "Unit",
    "Untold",
    "Webhook",
    "WebhookLetter",
    "Worker",
    "access_log",
    "accounts",
    "alerts",
    "api_keys",
    "attempts",
    "buckets",
    "carrier_health",
    "carrier_names",
    "cases",
    "dead_letters",
    "deadlines",
    "dispatches",
    "events",
    "feedback",
    "figures_alerts",
    "figures_changes",
    "figures_days",
    "figures_kinds",
    "figures_rested",
    "holds",
    "listener_letters",
    "listeners",
    "metadata",
    "outcomes",
    "people",
    "policies",
    "receipts",
    "sessions",
    "sign_in_tries",
    "stop_payments",
    "ticks",
    "units",
    "webhook_letters",
    "webhooks",
    "workers",
]
