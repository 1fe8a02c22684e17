"""What stands beside each case when its facts are made: one row a case from each of the other tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, and_, case, cast, func, select

from dispatcher import tables
from dispatcher.figures.instants import epoch_ms
from dispatcher.figures.promised import by_phone, limits, promises, stops, texts, visits, warnings, was_called
from dispatcher.words import Channel, DeadlineKind, Means, Outcome, Target

PEOPLE = (Means.HUMAN.value, Means.OFFICER.value)
MACHINES = (Means.CARRIER.value, Means.ROBOT.value)

Mine = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Says of a column that it holds the id of a case that is meant."""


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return cast(func.sum(case((condition, 1), else_=0)), BigInteger)


def _any(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.max(case((condition, 1), else_=0))


def _fen(yuan: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.round(yuan * 100), BigInteger)


class Sides:
    """One subquery a side; `beside` joins them to the cases."""

    def __init__(self, mine: Mine | None, now: datetime) -> None:
        self.mine = mine
        self.now = now
        self.promised = self._promised()
        self._tries = self._each_dispatch()
        self.own = self._own()
        self.voices = self._voices()
        self.stops = self._stops()
        self.report = self._latest("latest_report", tables.feedback.c.verdict.is_not(None))
        self.actual = self._latest("latest_type", tables.feedback.c.actual_fraud_type.is_not(None))
        self.unit = self._unit()
        self.losses = self._losses()

    def beside(self, whole: Any) -> Any:
        """The alerts and their cases with every side; a case without rows there has NULLs."""
        case_ = tables.cases
        for side in (self.promised, self.own, self.voices, self.stops, self.report, self.actual, self.unit):
            whole = whole.outerjoin(side, side.c.case_id == case_.c.id)
        same = and_(self.losses.c.phone_index == case_.c.phone_index, self.losses.c.is_test == case_.c.is_test)
        return whole.outerjoin(self.losses, same)

    def counts(self) -> dict[str, ColumnElement[Any]]:
        """What adds up, by name."""
        found = {name: self.promised.c[name] for name in promises(self.now)}
        found |= {name: self.own.c[name] for name in (*texts(), *visits(), *warnings())}
        found |= {name: self.stops.c[name] for name in stops()}
        report = self.report.c
        money = {
            "lost_fen": report.defrauded_yuan,
            "saved_fen": report.dissuaded_yuan,
            "stopped_fen": report.stopped_yuan,
        }
        return found | {name: _fen(column) for name, column in money.items()}

    def _only(self, query: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
        return query if self.mine is None else query.where(self.mine(column))

    def _promised(self) -> CTE:
        """Promises of time by case."""
        table = tables.deadlines
        open_ = and_(table.c.done_at.is_(None), table.c.void_at.is_(None), table.c.due_at > self.now)
        columns = [_sum(condition).label(name) for name, condition in (promises(self.now) | limits(self.now)).items()]
        ripens = func.min(case((open_, epoch_ms(table.c.due_at)))).label("ripens_ms")
        query = select(table.c.case_id, *columns, ripens).group_by(table.c.case_id)
        return self._only(query, table.c.case_id).cte("promised")

    def _each_dispatch(self) -> CTE:
        """Each dispatch with what its tries came to."""
        dispatch, attempt = tables.dispatches, tables.attempts
        people = dispatch.c.means.in_(PEOPLE)
        own = dispatch.c.target == Target.SELF.value
        met = and_(dispatch.c.channel == Channel.VISIT.value, attempt.c.outcome == Outcome.MET.value)
        columns = [_any(condition).label(name) for name, condition in texts().items()]
        columns += [_sum(condition).label(name) for name, condition in visits().items()]
        columns += [_any(condition).label(name) for name, condition in warnings().items()]
        columns += [
            _any(and_(own, dispatch.c.channel == Channel.CALL.value, by_phone())).label("answered"),
            _any(and_(own, dispatch.c.channel == Channel.CALL.value, was_called())).label("called"),
            _any(and_(own, met)).label("met"),
            func.min(case((and_(own, met), epoch_ms(attempt.c.outcome_at)))).label("met_ms"),
            _any(and_(own, dispatch.c.channel == Channel.VISIT.value)).label("visit"),
            func.min(case((people, epoch_ms(attempt.c.outcome_at)))).label("first_try_ms"),
            func.min(case((and_(own, dispatch.c.means.in_(MACHINES)), epoch_ms(dispatch.c.handed_over_at)))).label(
                "warned_ms"
            ),
            func.min(case((people, epoch_ms(dispatch.c.signed_in_at)))).label("signed_at_ms"),
            func.min(case((people, epoch_ms(dispatch.c.assigned_at)))).label("assigned_at_ms"),
        ]
        query = (
            select(dispatch.c.case_id, dispatch.c.id, *columns)
            .select_from(dispatch.outerjoin(attempt, attempt.c.dispatch_id == dispatch.c.id))
            .group_by(dispatch.c.case_id, dispatch.c.id)
        )
        return self._only(query, dispatch.c.case_id).cte("each_dispatch")

    def _own(self) -> CTE:
        """What the case itself had sent, called and visited."""
        each = self._tries.c
        columns = [cast(func.sum(each[name]), BigInteger).label(name) for name in (*texts(), *visits(), *warnings())]
        signed = case((each.signed_at_ms >= each.assigned_at_ms, each.signed_at_ms - each.assigned_at_ms))
        tried = case(
            (each.first_try_ms >= each.signed_at_ms, each.first_try_ms - each.signed_at_ms),
            (each.first_try_ms < each.signed_at_ms, 0),
        )
        times = [
            func.min(each.warned_ms).label("warned_ms"),
            func.min(signed).label("signed_ms"),
            func.min(tried).label("tried_ms"),
        ]
        return select(each.case_id, *columns, *times).group_by(each.case_id).cte("own_warnings")

    def _voices(self) -> CTE:
        """Whose calls and visits serve a case: its own, and those of the case with which it shares them."""
        case_, each = tables.cases, self._tries.c
        link = select(case_.c.id.label("case_id"), case_.c.id.label("by_case"))
        shared = select(case_.c.id, case_.c.shares_case_id).where(case_.c.shares_case_id.is_not(None))
        served = self._only(link, case_.c.id).union_all(self._only(shared, case_.c.id)).cte("served")
        flags = [func.max(each[name]).label(name) for name in ("answered", "called", "met", "visit")]
        return (
            select(served.c.case_id, *flags, func.min(each.met_ms).label("met_ms"))
            .join(self._tries, each.case_id == served.c.by_case)
            .group_by(served.c.case_id)
            .cte("voices")
        )

    def _stops(self) -> CTE:
        """Stops of payments by case."""
        table = tables.stop_payments
        columns = [_sum(condition).label(name) for name, condition in stops().items()]
        query = select(table.c.case_id, *columns).group_by(table.c.case_id)
        return self._only(query, table.c.case_id).cte("stops_of_cases")

    def _latest(self, name: str, told: ColumnElement[bool]) -> CTE:
        """The latest report on the person himself that tells it: it wins over those before."""
        table = tables.feedback
        order = func.row_number().over(
            partition_by=table.c.case_id, order_by=(table.c.received_at.desc(), table.c.id.desc())
        )
        query = select(
            table.c.case_id,
            table.c.defrauded_yuan,
            table.c.dissuaded_yuan,
            table.c.stopped_yuan,
            table.c.actual_fraud_type,
            order.label("place"),
        ).where(table.c.target == Target.SELF.value, told)
        placed = self._only(query, table.c.case_id).cte(f"{name}_placed")
        return select(placed).where(placed.c.place == 1).cte(name)

    def _unit(self) -> CTE:
        """The unit that has, or had last, the case's people's work."""
        table = tables.dispatches
        order = func.row_number().over(
            partition_by=table.c.case_id, order_by=(table.c.assigned_at.desc(), table.c.id.desc())
        )
        query = select(table.c.case_id, table.c.unit_id, order.label("place")).where(
            table.c.unit_id.is_not(None), table.c.assigned_at.is_not(None), table.c.target != Target.DUTY.value
        )
        placed = self._only(query, table.c.case_id).cte("unit_placed")
        return select(placed.c.case_id, placed.c.unit_id).where(placed.c.place == 1).cte("units_of_cases")

    def _losses(self) -> CTE:
        """Each person's first loss: as reported, or as a follow-up found it."""
        report, limit, case_ = tables.feedback, tables.deadlines, tables.cases
        told = (
            select(report.c.case_id, epoch_ms(report.c.fraud_time).label("lost_ms"))
            .where(report.c.verdict == "defrauded", report.c.target == Target.SELF.value)
            .where(report.c.fraud_time.is_not(None))
        )
        found = select(limit.c.case_id, epoch_ms(limit.c.done_at)).where(
            limit.c.kind == DeadlineKind.FOLLOW_UP.value, limit.c.later_loss_yuan > 0, limit.c.done_at.is_not(None)
        )
        each = self._only(told, report.c.case_id).union_all(self._only(found, limit.c.case_id)).cte("each_loss")
        return (
            select(case_.c.phone_index, case_.c.is_test, func.min(each.c.lost_ms).label("lost_ms"))
            .join(each, each.c.case_id == case_.c.id)
            .group_by(case_.c.phone_index, case_.c.is_test)
            .cte("losses")
        )
