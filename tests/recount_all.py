"""Every figure once more, in plain SQL over the rows of SQLite: written from the definitions, as recount.py is.

recount_all(connection, Window(...), now=…) -> {id: (numerator, denominator)}

The first dozen and the words of its readings are recount.py's. Where the definitions leave it open, it is read so:

- A visit, a text, a promise of time is an act: it counts once, with the case that promised it. Persons are reached
  or met by what their cases share, too.
- Money is what the latest report on the person himself that has a verdict says: a later one that reached nobody, or
  a relative, takes nothing back. What a follow-up found lost is a loss, and in no sum of money.
- The first warning of a case is the first text or robot's call to the person that a carrier had, or his being
  reached if that was sooner. Thirty days begin there; for the persons reached, at the first contact.
- A person's first loss is the earliest that any report on himself or any follow-up tells, of whichever of his cases,
  in scope or not. It is held against the first warning of each case that is in scope.
- What had reached the person is asked as of now; a person may stand under more than one way, by several cases.
- A follow-up is owed from the closing on and cannot be late on arrival: it is not among the limits told there.
- Residents are no row; they are left to whoever calls.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from recount import (
    ANSWERED,
    CASES,
    KPIS,
    LIMITS,
    MATURED,
    MET,
    NARROWER,
    PERSONS,
    REACHED,
    A,
    Window,
    parameters,
)
from sqlalchemy import Connection, text

Counts = dict[str, tuple[int, int]]

W = timedelta(days=30)
"""How long a warning must hold."""

OPENED = f"SELECT count(*) FROM ({A}) one"
ALL_PERSONS = f"SELECT count(DISTINCT one.phone_index) FROM ({A}) one"
SIGN_INS = f"SELECT count(*) {LIMITS} AND l.kind = 'sign_in' AND l.step = 0"
FOLLOW_UPS = f"SELECT count(*) {LIMITS} AND l.kind = 'follow_up'"
ON_ARRIVAL = f"SELECT count(*) {LIMITS} AND l.kind <> 'follow_up'"
PROMISED = f"SELECT count(*) FROM ({CASES}) c JOIN dispatches d ON d.case_id = c.id WHERE d.target <> 'duty'"
VISITS = f"""SELECT count(*) FROM ({CASES}) c JOIN dispatches d ON d.case_id = c.id JOIN attempts t
    ON t.dispatch_id = d.id WHERE d.channel = 'visit'"""

SAFE = "c.verdict = 'not_defrauded' AND c.dissuasion IN ('timely', 'self_aware')"
SERVED = """EXISTS (SELECT 1 FROM dispatches d JOIN attempts t ON t.dispatch_id = d.id
    WHERE (d.case_id = c.id OR d.case_id = c.shares_case_id) AND d.target = 'self'"""
REACHED_HERE = f"{SERVED} AND ({ANSWERED} OR {MET}))"
MET_HERE = f"{SERVED} AND {MET})"

# a later report that has no verdict takes nothing back
TELLING = "SELECT * FROM feedback WHERE target = 'self' AND verdict IS NOT NULL"
LATEST = f"""SELECT f.* FROM ({TELLING}) f WHERE NOT EXISTS (SELECT 1 FROM ({TELLING}) n WHERE n.case_id = f.case_id
    AND (n.received_at > f.received_at OR n.received_at = f.received_at AND n.id > f.id))"""
MONEY = f"FROM ({CASES}) c JOIN ({LATEST}) f ON f.case_id = c.id"

WARNED = """(SELECT min(w.at) FROM (SELECT d.case_id, d.handed_over_at AS at FROM dispatches d
    WHERE d.target = 'self' AND d.means IN ('carrier', 'robot')
    UNION ALL SELECT id, contacted_at FROM cases) w WHERE w.case_id = c.id)"""
LOST = """(SELECT min(x.at) FROM cases k JOIN (
    SELECT f.case_id, f.fraud_time AS at FROM feedback f WHERE f.verdict = 'defrauded' AND f.target = 'self'
    UNION ALL SELECT l.case_id, l.done_at FROM deadlines l WHERE l.later_loss_yuan > 0) x ON x.case_id = k.id
    WHERE k.phone_index = c.phone_index AND k.is_test = c.is_test)"""
RIPE = f"{WARNED} <= :ripe"
LAST_DAY = f"strftime('%Y-%m-%d %H:%M:%f', {WARNED}, '+30 days')"
LOST_IN_TIME = f"({LOST} > {WARNED} AND substr({LOST}, 1, 23) <= {LAST_DAY})"
REACHED_RIPE = f"{REACHED_HERE} AND c.contacted_at <= :ripe"
OF_CASES = f"{PERSONS} FROM ({CASES}) c WHERE"


def _split(where: str) -> tuple[str, str]:
    return f"{OF_CASES} {where} AND {RIPE} AND {LOST_IN_TIME}", f"{OF_CASES} {where} AND {RIPE}"


def _fen(column: str) -> tuple[str, str]:
    told = f"{MONEY} WHERE f.{column} > 0"
    return f"SELECT coalesce(sum(CAST(round(f.{column} * 100) AS INTEGER)), 0) {told}", f"SELECT count(*) {told}"


STOPS = f"FROM ({CASES}) c JOIN stop_payments s ON s.case_id = c.id WHERE s.requested_at IS NOT NULL"

MORE: dict[str, tuple[str, str]] = {
    "persons": (ALL_PERSONS, OPENED),
    "dispatches": (PROMISED, PROMISED),
    "sign_in_late": (f"{SIGN_INS} AND l.done_at > l.due_at", f"{SIGN_INS} AND {MATURED}"),
    "sign_in_missed": (f"{SIGN_INS} AND l.done_at IS NULL AND l.due_at <= :now", f"{SIGN_INS} AND {MATURED}"),
    "effective_visits": (f"{VISITS} AND t.outcome = 'met'", f"{VISITS} AND t.outcome IN ('met', 'visit_invalid')"),
    "dissuaded": (
        f"{OF_CASES} {SAFE} AND {REACHED_RIPE} AND NOT coalesce({LOST_IN_TIME}, 0)",
        f"{OF_CASES} {REACHED_RIPE}",
    ),
    "defrauded_after_warning": _split("1 = 1"),
    "defrauded_after_sms": _split(f"NOT {REACHED_HERE}"),
    "defrauded_after_call": _split(f"{REACHED_HERE} AND NOT {MET_HERE}"),
    "defrauded_after_meeting": _split(MET_HERE),
    "accuracy": (
        f"SELECT count(*) FROM ({CASES}) c WHERE c.verdict = 'defrauded' OR c.verdict = 'not_defrauded'"
        " AND c.dissuasion = 'timely'",
        f"SELECT count(*) FROM ({CASES}) c WHERE c.verdict IN ('defrauded', 'not_defrauded')",
    ),
    "follow_up_valid": (
        f"{FOLLOW_UPS} AND l.done_at IS NOT NULL AND l.result = 'valid'",
        f"{FOLLOW_UPS} AND l.done_at IS NOT NULL",
    ),
    "follow_ups_done": (f"{FOLLOW_UPS} AND l.done_at IS NOT NULL", f"{FOLLOW_UPS} AND {MATURED}"),
    "kept_from_fraud": (
        f"{PERSONS} FROM ({CASES}) c WHERE {SAFE} AND c.phone_index IN (SELECT c.phone_index {REACHED})",
        ALL_PERSONS,
    ),
    "kept_from_fraud_alerts": (f"SELECT count(*) FROM ({CASES}) c WHERE {SAFE} AND {REACHED_HERE}", OPENED),
    "money_defrauded": _fen("defrauded_yuan"),
    "money_dissuaded": _fen("dissuaded_yuan"),
    "money_stopped": _fen("stopped_yuan"),
    "stop_payment_success": (
        f"SELECT count(*) {STOPS} AND s.reply = 'stopped' AND s.stopped_yuan > 0",
        f"SELECT count(*) {STOPS}",
    ),
    "closed": (f"SELECT count(*) FROM ({CASES}) c WHERE c.state = 'closed'", OPENED),
    "not_found": (
        f"SELECT count(*) FROM ({CASES}) c WHERE c.close_code IN ('temp_unreachable', 'unreachable')",
        OPENED,
    ),
    "late_on_arrival": (f"{ON_ARRIVAL} AND l.late_on_arrival <> :no", ON_ARRIVAL),
}


def recount_all(
    connection: Connection,
    window: Window,
    *,
    now: datetime,
    on_time_push_s: float,
    only: Collection[str] = tuple(KPIS | MORE),
) -> Counts:
    """Numerator and denominator of every figure that the rows tell; money in fen. `now` decides what has passed."""
    known = parameters(window, now, on_time_push_s, sqlite=True)
    known["ripe"] = parameters(window, now - W, on_time_push_s, sqlite=True)["now"]
    narrower = "".join(f" AND {sql}" for name, sql in _narrower(window.region).items() if getattr(window, name))

    def ask(sql: str) -> int:
        whole = sql.replace("/* window */", narrower)
        return int(connection.execute(text(whole), {k: known[k] for k in known if f":{k}" in whole}).scalar_one())

    return {name: (ask(above), ask(below)) for name, (above, below) in (KPIS | MORE).items() if name in only}


def _narrower(region: str | None) -> dict[str, str]:
    """A county's figures hold the alerts that came under the codes it had of old."""
    data: Any = resources.files("config") / "data" / "region_aliases.csv"
    rows = list(csv.DictReader(data.read_text("utf-8").splitlines()))
    today = next((row["current"] for row in rows if row["old"] == region), region)
    olds = [row["old"] for row in rows if row["current"] == today] + [today or ""]
    listed = ", ".join(f"'{code}'" for code in olds)
    return NARROWER | {"region": f"(a.region LIKE :region OR a.region IN ({listed}))"}
