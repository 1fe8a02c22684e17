"""Facts: one wide row for each alert that is not withdrawn, made from the rows of its case in one statement.

The alert that stands for its case carries what befell the case; one that joined a case only tells that it came.
The same statement answers a question directly, fills `figures_alerts`, and is what `figures verify` compares it with.

    alerts ─┬─ cases ─┬─ promises       sign-ins, feedback, limits, follow-ups       (deadlines)
            │         ├─ warnings       texts, calls, visits of the case itself      (dispatches, attempts)
            │         ├─ voices         calls and visits that serve it, shared ones too
            │         ├─ stops          what a bank was asked to stop, and stopped       (stop_payments)
            │         ├─ reports        money, actual type, the unit                 (feedback)
            │         └─ losses         the person's first loss, by report or follow-up
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, exists, func, literal, null, select

from dispatcher import tables
from dispatcher.bulk import also
from dispatcher.figures.instants import epoch_ms, shanghai_day, shanghai_hour, to_ms
from dispatcher.figures.joined import Mine, Sides
from dispatcher.figures.marks import Mark
from dispatcher.figures.promised import promises, stops, texts, visits, warnings
from dispatcher.figures.scope import aliases
from dispatcher.words import CloseCode, Risk

HISTORY = "history"
"""The door of imported alerts."""

WAIT = timedelta(days=30)
"""W: a loss this long after the first warning still counts against it."""

ON_TIME_PUSH_S = 600.0

COUNTS = (
    *promises(datetime.max.replace(tzinfo=UTC)),
    *texts(),
    *visits(),
    *warnings(),
    *stops(),
    "lost_fen",
    "saved_fen",
    "stopped_fen",
)
"""What adds up: columns of numbers, 0 on an alert that joined."""

LATENCIES = ("handed_over_ms", "signed_ms", "tried_ms", "reached_ms", "met_ms", "closed_ms")
"""Response times in milliseconds; NULL where it has not happened."""

DIMENSIONS = (
    "alert_id",
    "case_id",
    "person",
    "alone",
    "merged",
    "is_test",
    "history",
    "received_at",
    "day",
    "hour",
    "region",
    "source",
    "fraud_type",
    "risk",
    "final_risk",
    "actual_type",
    "age_band",
    "unit_id",
)
COLUMNS = (*DIMENSIONS, "marks", *COUNTS, *LATENCIES, "ripens_ms")


def facts(mine: Mine | None, *, now: datetime, on_time_push_s: float = ON_TIME_PUSH_S) -> Select[Any]:
    """The facts of the cases that `mine` means (None: of all) as they are at `now`: the columns of COLUMNS, in order.

    `mine` says of a column that it holds the id of a case that is meant. It must mean all cases of a person of whom
    it means one: persons share voices and losses.
    """
    return _Facts(mine, now, on_time_push_s).select()


class _Facts:
    def __init__(self, mine: Mine | None, now: datetime, on_time_push_s: float) -> None:
        self.now_ms = literal(to_ms(now), BigInteger)
        self.wait_ms = int(WAIT.total_seconds() * 1000)
        self.push_ms = round(on_time_push_s * 1000)
        self.sides = Sides(mine, now)
        self.alert, self.case = tables.alerts, tables.cases
        self.mine = mine

    def select(self) -> Select[Any]:
        told = self._told()
        columns = [told[name].label(name) for name in COLUMNS]
        alert, case_, sides = self.alert, self.case, self.sides
        query = select(*columns).select_from(sides.beside(alert.join(case_, alert.c.case_id == case_.c.id)))
        query = query.where(also(alert.c.withdrawn_at.is_(None)))  # nearly all of them
        return query if self.mine is None else query.where(self.mine(alert.c.case_id))

    def _told(self) -> dict[str, ColumnElement[Any]]:
        alert, case_, sides = self.alert, self.case, self.sides
        received = epoch_ms(alert.c.received_at)
        other = self.case.alias("other_case")
        others = exists().where(other.c.phone_index == case_.c.phone_index, other.c.id != case_.c.id)
        told: dict[str, ColumnElement[Any]] = {
            "alert_id": alert.c.id,
            "case_id": alert.c.case_id,
            "person": alert.c.phone_index,
            "alone": ~others,
            "merged": alert.c.merged,
            "is_test": alert.c.is_test,
            "history": alert.c.door == HISTORY,
            "received_at": alert.c.received_at,
            "day": shanghai_day(received),
            "hour": shanghai_hour(received),
            "region": case(aliases(), value=alert.c.region, else_=alert.c.region) if aliases() else alert.c.region,
            "source": alert.c.source,
            "fraud_type": alert.c.fraud_type,
            "risk": alert.c.risk,
            "final_risk": case_.c.risk,
            "actual_type": sides.actual.c.actual_fraud_type,
            "age_band": alert.c.age_band,
            "unit_id": sides.unit.c.unit_id,
        }
        told["marks"] = self._stands(self._marks(), 0)
        for name, column in sides.counts().items():
            told[name] = self._stands(func.coalesce(column, 0), 0)
        for name, column in self._latencies(received).items():
            told[name] = self._stands(column, None)
        told["ripens_ms"] = self._stands(self._ripens(), None)
        return told

    def _stands(self, value: ColumnElement[Any], joined: int | None) -> ColumnElement[Any]:
        """What befell the case is told by the alert that stands for it alone."""
        return case((self.alert.c.merged.is_(False), value), else_=null() if joined is None else joined)

    def _marks(self) -> ColumnElement[Any]:
        true = self._true()
        bits = [case((condition, int(mark)), else_=0) for mark, condition in true.items() if mark is not Mark.PERSON]
        return cast(sum(bits, literal(int(Mark.PERSON), BigInteger)), BigInteger)

    def _true(self) -> dict[Mark, ColumnElement[bool]]:
        alert, case_, sides = self.alert, self.case, self.sides
        voice, limit, own = sides.voices.c, sides.promised.c, sides.own.c
        answered, met = func.coalesce(voice.answered, 0) == 1, func.coalesce(voice.met, 0) == 1
        reached = answered | met
        safe = and_(case_.c.verdict == "not_defrauded", case_.c.dissuasion.in_(("timely", "self_aware")))
        warned, lost_at = self._warned_ms(), sides.losses.c.lost_ms
        over = and_(warned.is_not(None), warned + self.wait_ms <= self.now_ms)
        contact_over = and_(reached, epoch_ms(case_.c.contacted_at) + self.wait_ms <= self.now_ms)
        lost = and_(warned.is_not(None), lost_at > warned, lost_at <= warned + self.wait_ms)
        by_text, by_call = and_(~reached), and_(answered, ~met)
        no_loss = ~func.coalesce(lost, False)
        report = sides.report.c
        return {
            Mark.PERSON: literal(True),
            Mark.CALLED: voice.called == 1,
            Mark.ANSWERED: answered,
            Mark.VISIT_ASKED: voice.visit == 1,
            Mark.MET: met,
            Mark.REACHED: reached,
            Mark.MET_RIPE: limit.met_ripe > 0,
            Mark.MET_ON_TIME: limit.met_on_time > 0,
            Mark.CONTACT_RIPE: and_(limit.contact_ripe > 0, case_.c.risk != Risk.L4.value),
            Mark.CONTACT_MISSED: and_(limit.contact_missed > 0, case_.c.risk != Risk.L4.value),
            Mark.SAFE: safe,
            Mark.REACHED_RIPE: contact_over,
            Mark.KEPT: and_(contact_over, safe, no_loss),
            Mark.RIPE: over,
            Mark.SMS_RIPE: and_(over, by_text),
            Mark.CALL_RIPE: and_(over, by_call),
            Mark.MEETING_RIPE: and_(over, met),
            Mark.LOST: and_(over, lost),
            Mark.SMS_LOST: and_(over, lost, by_text),
            Mark.CALL_LOST: and_(over, lost, by_call),
            Mark.MEETING_LOST: and_(over, lost, met),
            Mark.JUDGED: case_.c.verdict.in_(("defrauded", "not_defrauded")),
            Mark.ACCURATE: (case_.c.verdict == "defrauded")
            | and_(case_.c.verdict == "not_defrauded", case_.c.dissuasion == "timely"),
            Mark.KEPT_HERE: and_(safe, reached),
            Mark.PUSH_KNOWN: alert.c.push_lag_ms.is_not(None),
            Mark.PUSH_ON_TIME: alert.c.push_lag_ms <= self.push_ms,
            Mark.HAS_SMS: own.dispatches_sms > 0,
            Mark.HAS_CALL: own.dispatches_call > 0,
            Mark.HAS_VISIT: own.dispatches_visit > 0,
            Mark.CLOSED: case_.c.state == "closed",
            Mark.UNREACHABLE: case_.c.close_code.in_((CloseCode.UNREACHABLE.value, CloseCode.TEMP_UNREACHABLE.value)),
            Mark.HAS_LOSS: report.defrauded_yuan > 0,
            Mark.HAS_SAVED: report.dissuaded_yuan > 0,
            Mark.HAS_STOPPED: report.stopped_yuan > 0,
        }

    def _warned_ms(self) -> ColumnElement[Any]:
        """The first warning: a carrier has a text or call to the person, or somebody reached him."""
        own, contact = self.sides.own.c.warned_ms, epoch_ms(self.case.c.contacted_at)
        return case((own.is_(None), contact), (contact < own, contact), else_=own)

    def _latencies(self, received: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
        own, voice, case_ = self.sides.own.c, self.sides.voices.c, self.case.c

        def since(at: ColumnElement[Any]) -> ColumnElement[Any]:
            return case((at < received, 0), else_=at - received)

        return {
            "handed_over_ms": since(own.warned_ms),
            "signed_ms": own.signed_ms,
            "tried_ms": own.tried_ms,
            "reached_ms": since(epoch_ms(case_.contacted_at)),
            "met_ms": since(voice.met_ms),
            "closed_ms": since(epoch_ms(case_.closed_at)),
        }

    def _ripens(self) -> ColumnElement[Any]:
        """When time alone will next change these facts: a limit falls due, or the wait for a loss is over."""
        warned = self._warned_ms() + self.wait_ms
        contact = epoch_ms(self.case.c.contacted_at) + self.wait_ms
        found: ColumnElement[Any] = self.sides.promised.c.ripens_ms
        for one in (warned, contact):
            found = case(
                (one.is_(None) | (one <= self.now_ms), found), (found.is_(None), one), (one < found, one), else_=found
            )
        return cast(found, BigInteger)


__all__ = ["COLUMNS", "COUNTS", "DIMENSIONS", "HISTORY", "LATENCIES", "ON_TIME_PUSH_S", "WAIT", "facts"]
