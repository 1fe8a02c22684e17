"""The figures once more, in plain SQL over the rows: written from the definitions, not from dispatcher/figures.

recount(connection, Window(...), now=…) -> the same shape as `quanzu stats --json`

Plain enough for SQLite and PostgreSQL. An alert is in scope when its row satisfies the window; whatever belongs to a
case counts where the case's first alert (the one that opened it) is in scope. Where the definitions leave the unit
open, it is read so: a text, and a promise of time, is one promise (a second warning promises again); calls, visits
and contacts are told by persons. Calls and visits serve every case that shares them. A notice to a duty phone is no
warning of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Which alerts are meant: [since, until) on their receipt, a region's code, and at most one of each other kind."""

    since: datetime | None = None
    until: datetime | None = None
    region: str | None = None
    source: str | None = None
    fraud_type: str | None = None
    risk: str | None = None


SCOPE = "a.is_test = :no AND a.withdrawn_at IS NULL /* window */"
NARROWER = {
    "since": "a.received_at >= :since",
    "until": "a.received_at < :until",
    "region": "a.region LIKE :region",
    "source": "a.source = :source",
    "fraud_type": "a.fraud_type = :fraud_type",
    "risk": "a.risk = :risk",
}

A = f"SELECT a.* FROM alerts a WHERE a.merged = :no AND {SCOPE}"
CASES = f"SELECT c.* FROM cases c JOIN alerts a ON a.case_id = c.id WHERE a.merged = :no AND {SCOPE}"

LIMITS = f"FROM deadlines l JOIN ({CASES}) c ON c.id = l.case_id WHERE l.void_at IS NULL"
MATURED = "(l.done_at IS NOT NULL OR l.due_at <= :now)"
NEEDING = f"{LIMITS} AND l.kind = 'contact' AND c.risk IN ('L1', 'L2', 'L3') AND l.late_on_arrival = :no AND {MATURED}"

TEXTS = f"""FROM ({CASES}) c JOIN dispatches d ON d.case_id = c.id JOIN attempts t ON t.dispatch_id = d.id
    WHERE d.channel = 'sms' AND d.target = 'self'"""
VOICES = f"""FROM ({CASES}) c JOIN dispatches d ON d.case_id = c.id OR d.case_id = c.shares_case_id
    LEFT JOIN attempts t ON t.dispatch_id = d.id WHERE d.channel <> 'sms' AND d.target = 'self'"""

ANSWERED = """(d.means = 'robot' AND t.outcome IN ('heard', 'key_understood', 'key_paid')
    OR d.means = 'human' AND t.outcome IN ('reached', 'refused_advice'))"""
# a robot's call that a carrier took, or may have; a caller's that he has reported: listed is not yet called
CALLED = """(d.means = 'robot' AND t.answer IN ('accepted', 'unsure')
    OR d.means = 'human' AND t.outcome IS NOT NULL)"""
MET = "d.channel = 'visit' AND t.outcome = 'met'"
REACHED = f"{VOICES} AND ({ANSWERED} OR {MET})"
PERSONS = "SELECT count(DISTINCT c.phone_index)"

KPIS: dict[str, tuple[str, str]] = {
    # id: (numerator, denominator)
    "alerts": (f"SELECT count(*) FROM ({A}) one", f"SELECT count(*) FROM alerts a WHERE {SCOPE}"),
    "sign_in_on_time": (
        f"SELECT count(*) {LIMITS} AND l.kind = 'sign_in' AND l.step = 0 AND l.done_at <= l.due_at",
        f"SELECT count(*) {LIMITS} AND l.kind = 'sign_in' AND l.step = 0 AND {MATURED}",
    ),
    "feedback": (
        f"SELECT count(*) {LIMITS} AND l.kind = 'feedback' AND l.done_at IS NOT NULL",
        f"SELECT count(*) {LIMITS} AND l.kind = 'feedback' AND {MATURED}",
    ),
    "feedback_on_time": (
        f"SELECT count(*) {LIMITS} AND l.kind = 'feedback' AND l.late_on_arrival = :no AND l.done_at <= l.due_at",
        f"SELECT count(*) {LIMITS} AND l.kind = 'feedback' AND l.late_on_arrival = :no AND {MATURED}",
    ),
    "pushed_on_time": (
        f"SELECT count(*) FROM ({A}) one WHERE occurred_at IS NOT NULL AND push_lag_ms <= :limit_ms",
        f"SELECT count(*) FROM ({A}) one WHERE occurred_at IS NOT NULL",
    ),
    "sms_delivered": (
        f"SELECT count(DISTINCT d.id) {TEXTS} AND t.outcome = 'delivered'",
        f"SELECT count(DISTINCT d.id) {TEXTS} AND t.answer IN ('accepted', 'unsure')",
    ),
    "call_answered": (f"{PERSONS} {VOICES} AND {ANSWERED}", f"{PERSONS} {VOICES} AND {CALLED}"),
    "met": (f"{PERSONS} {VOICES} AND {MET}", f"{PERSONS} {VOICES} AND d.channel = 'visit'"),
    "met_on_time": (
        f"{PERSONS} {LIMITS} AND l.kind = 'met' AND l.late_on_arrival = :no AND l.done_at <= l.due_at",
        f"{PERSONS} {LIMITS} AND l.kind = 'met' AND l.late_on_arrival = :no AND {MATURED}",
    ),
    "coverage": (f"{PERSONS} {REACHED}", f"SELECT count(DISTINCT one.phone_index) FROM ({A}) one"),
    "dissuaded_provisional": (
        f"""{PERSONS} FROM ({CASES}) c WHERE c.verdict = 'not_defrauded' AND c.dissuasion IN ('timely', 'self_aware')
            AND c.phone_index IN (SELECT c.phone_index {REACHED})""",
        f"{PERSONS} {REACHED}",
    ),
    "missed_contact": (
        f"{PERSONS} {NEEDING} AND (l.done_at IS NULL OR l.done_at > l.due_at)",
        f"{PERSONS} {NEEDING}",
    ),
}

ALERTS = {
    "received": f"SELECT count(*) FROM alerts a WHERE {SCOPE}",
    "merged": f"SELECT count(*) FROM alerts a WHERE a.merged <> :no AND {SCOPE}",
    "persons": f"SELECT count(DISTINCT one.phone_index) FROM ({A}) one",
    "open": f"SELECT count(*) FROM ({CASES}) c WHERE c.state = 'open'",
    "closed": f"SELECT count(*) FROM ({CASES}) c WHERE c.state = 'closed'",
}
# a refused alert has no region, type or level to be sure of
REFUSED = "SELECT count(*) FROM dead_letters a WHERE a.state = 'kept' /* window */"
REFUSED_BY = ("since", "until", "source")
DISPATCHES = f"""SELECT d.channel, d.state, count(*) FROM dispatches d JOIN ({CASES}) c ON c.id = d.case_id
    WHERE d.target <> 'duty' GROUP BY d.channel, d.state"""


def recount(connection: Connection, window: Window, *, now: datetime, on_time_push_s: float) -> Told:
    """`{"alerts": {…}, "dispatches": {channel: {state: count}}, "kpi": {id: {value, numerator, denominator}}}`.

    Counts, >= 0; states that nobody is in are absent. `now` decides which limits have passed.
    """
    sqlite = connection.dialect.name == "sqlite"
    known = parameters(window, now, on_time_push_s, sqlite=sqlite)

    def ask(sql: str, names: tuple[str, ...] = tuple(NARROWER)) -> Any:
        narrower = "".join(f" AND {NARROWER[name]}" for name in names if getattr(window, name) is not None)
        whole = sql.replace("/* window */", narrower)
        return connection.execute(text(whole), {name: known[name] for name in known if f":{name}" in whole})

    states: dict[str, dict[str, int]] = {"sms": {}, "call": {}, "visit": {}}
    for channel, state, number in ask(DISPATCHES):
        states[channel][state] = number
    kpi = {}
    for name, (numerator, denominator) in KPIS.items():
        above, below = int(ask(numerator).scalar_one()), int(ask(denominator).scalar_one())
        share = above / below if below else None
        kpi[name] = {"value": above if name == "alerts" else share, "numerator": above, "denominator": below}
    alerts = {name: int(ask(sql).scalar_one()) for name, sql in ALERTS.items()}
    narrowed = any(getattr(window, name) is not None for name in NARROWER if name not in REFUSED_BY)
    refused = None if narrowed else int(ask(REFUSED, REFUSED_BY).scalar_one())
    return {"alerts": alerts | {"refused": refused}, "dispatches": states, "kpi": kpi}


def parameters(window: Window, now: datetime, on_time_push_s: float, *, sqlite: bool) -> Told:
    """What the statements name by a colon."""

    def kept(at: datetime | None) -> Any:
        """As the column keeps an instant: SQLite as UTC text, to the microsecond."""
        if at is None or not sqlite:
            return at
        return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    stem = window.region
    while stem is not None and stem.endswith("00"):
        stem = stem[:-2]
    return {
        "no": False,
        "now": kept(now),
        "since": kept(window.since),
        "until": kept(window.until),
        "region": None if stem is None else stem + "%",
        "source": window.source,
        "fraud_type": window.fraud_type,
        "risk": window.risk,
        "limit_ms": on_time_push_s * 1000,
    }
