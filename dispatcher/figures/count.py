"""The count itself: named statements over the rows, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, distinct, func, or_, select

from dispatcher import tables
from dispatcher.figures.definitions import KPIS
from dispatcher.figures.promised import by_phone, was_called
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Kpi
from dispatcher.words import Channel, DeadlineKind, DispatchState, Outcome, Risk, Target


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a scope, counted in one steady view at `at`.

    `alerts`: received, merged, persons, refused, open, closed, temp_unreachable, follow_ups_due, notices.
    `refused` is None where a region, type, level or tests were asked for: a refused alert has none to be sure of.
    `dispatches`: by channel, then by state; every state is present.
    """

    at: datetime
    alerts: Mapping[str, int | None]
    dispatches: Mapping[str, Mapping[str, int]]
    kpi: Mapping[str, Kpi]

    def as_json(self) -> dict[str, Any]:
        """As the doors tell it."""
        return {
            "at": self.at.isoformat(),
            "alerts": dict(self.alerts),
            "dispatches": {channel: dict(states) for channel, states in self.dispatches.items()},
            "kpi": {
                name: {"value": kpi.value, "numerator": kpi.numerator, "denominator": kpi.denominator}
                for name, kpi in self.kpi.items()
            },
        }


def figures(
    connection: Connection, scope: Scope, *, on_time_push_s: float, now: datetime, kpis: Iterable[str] = KPIS
) -> Figures:
    """Count everything in `scope` as it is now. Leaves no transaction behind but the caller's."""
    count = _Count(connection, scope, timedelta(seconds=on_time_push_s), now)
    alerts = count.alerts()
    kpi = {name: count.kpi(name) for name in kpis}
    return Figures(now, alerts, count.dispatches(), kpi)


class _Count:
    def __init__(self, connection: Connection, scope: Scope, on_time_push: timedelta, now: datetime) -> None:
        self.connection = connection
        self.scope = scope
        self.on_time_push = on_time_push
        self.now = now
        self.cases = scope.cases().cte("scope_cases")
        self.served = self._served()

    def alerts(self) -> dict[str, int | None]:
        alert = tables.alerts
        whole = select(func.count(), func.coalesce(func.sum(case((alert.c.merged, 1), else_=0)), 0))
        received, merged = self.connection.execute(whole.where(*self.scope.conditions())).one()
        states = self._counts(select(self.cases.c.state, func.count()).group_by(self.cases.c.state))
        unreachable = select(func.count()).where(
            self.cases.c.state == "open", self.cases.c.close_code == "temp_unreachable"
        )
        return {
            "received": int(received),
            "merged": int(merged),
            "persons": self._number(select(func.count(distinct(self.cases.c.phone_index)))),
            "refused": self._refused(),
            "open": states.get("open", 0),
            "closed": states.get("closed", 0),
            "temp_unreachable": self._number(unreachable),
            "follow_ups_due": self._number(self._follow_ups()),
            "notices": self._number(self._dispatches(func.count()).where(tables.dispatches.c.target == Target.DUTY)),
        }

    def dispatches(self) -> dict[str, dict[str, int]]:
        """Notices to duty phones are told apart."""
        table = tables.dispatches
        query = self._dispatches(table.c.channel, table.c.state, func.count())
        query = query.where(table.c.target != Target.DUTY).group_by(table.c.channel, table.c.state)
        found = {channel.value: {state.value: 0 for state in DispatchState} for channel in Channel}
        for channel, state, number in self.connection.execute(query):
            found[channel][state] = number
        return found

    def kpi(self, name: str) -> Kpi:
        numerator, denominator = getattr(self, f"_{name}")()
        if name == "alerts":
            return Kpi(numerator, numerator, denominator)
        return Kpi(numerator / denominator if denominator else None, numerator, denominator)

    # -- the dozen ----------------------------------------------------------------------------------------------

    def _alerts(self) -> tuple[int, int]:
        alert = tables.alerts
        pushes = select(func.count()).select_from(alert).where(*self.scope.conditions())
        return self._number(pushes.where(alert.c.merged.is_(False))), self._number(pushes)

    def _sign_in_on_time(self) -> tuple[int, int]:
        return self._limits(DeadlineKind.SIGN_IN, on_time=True, extra=tables.deadlines.c.step == 0)

    def _feedback(self) -> tuple[int, int]:
        return self._limits(DeadlineKind.FEEDBACK, on_time=False)

    def _feedback_on_time(self) -> tuple[int, int]:
        return self._limits(DeadlineKind.FEEDBACK, on_time=True, extra=tables.deadlines.c.late_on_arrival.is_(False))

    def _pushed_on_time(self) -> tuple[int, int]:
        alert = tables.alerts
        known = (
            select(func.count())
            .select_from(alert)
            .where(alert.c.merged.is_(False), alert.c.push_lag_ms.is_not(None), *self.scope.conditions())
        )
        limit_ms = round(self.on_time_push.total_seconds() * 1000)
        return self._number(known.where(alert.c.push_lag_ms <= limit_ms)), self._number(known)

    def _sms_delivered(self) -> tuple[int, int]:
        attempt, dispatch = tables.attempts, tables.dispatches
        texts = self._tries(func.count(distinct(dispatch.c.id)), Channel.SMS)
        submitted = texts.where(attempt.c.answer.in_(("accepted", "unsure")))
        return self._number(texts.where(attempt.c.outcome == Outcome.DELIVERED)), self._number(submitted)

    def _call_answered(self) -> tuple[int, int]:
        calls = self._voices(func.count(distinct(self.served.c.phone_index)), Channel.CALL)
        return self._number(calls.where(by_phone())), self._number(calls.where(was_called()))

    def _met(self) -> tuple[int, int]:
        table, persons = tables.dispatches, func.count(distinct(self.served.c.phone_index))
        visits = select(persons).select_from(self.served).join(table, table.c.case_id == self.served.c.by_case)
        required = visits.where(table.c.channel == Channel.VISIT)
        met = self._voices(persons, Channel.VISIT).where(tables.attempts.c.outcome == Outcome.MET)
        return self._number(met), self._number(required)

    def _met_on_time(self) -> tuple[int, int]:
        in_time = tables.deadlines.c.late_on_arrival.is_(False)
        return self._limits(DeadlineKind.MET, on_time=True, extra=in_time, persons=True)

    def _coverage(self) -> tuple[int, int]:
        everybody = self._number(select(func.count(distinct(self.cases.c.phone_index))))
        return self._number(self._reached(func.count(distinct(self.served.c.phone_index)))), everybody

    def _dissuaded_provisional(self) -> tuple[int, int]:
        safe = select(func.count(distinct(self.cases.c.phone_index))).where(
            self.cases.c.verdict == "not_defrauded",
            self.cases.c.dissuasion.in_(("timely", "self_aware")),
            self.cases.c.phone_index.in_(self._reached(self.served.c.phone_index)),
        )
        return self._number(safe), self._number(self._reached(func.count(distinct(self.served.c.phone_index))))

    def _missed_contact(self) -> tuple[int, int]:
        table = tables.deadlines
        needing = self.cases.c.risk.in_((Risk.L1, Risk.L2, Risk.L3))
        missed = or_(table.c.done_at.is_(None), table.c.done_at > table.c.due_at)
        base = self._matured(DeadlineKind.CONTACT, func.count(distinct(self.cases.c.phone_index))).where(
            needing, table.c.late_on_arrival.is_(False)
        )
        return self._number(base.where(missed)), self._number(base)

    # -- what they share ----------------------------------------------------------------------------------------

    def _served(self) -> Any:
        """Whose calls and visits serve a case: its own, and those of the case with which it shares them."""
        own = select(self.cases.c.phone_index, self.cases.c.id.label("by_case"))
        shared = select(self.cases.c.phone_index, self.cases.c.shares_case_id)
        return own.union_all(shared.where(self.cases.c.shares_case_id.is_not(None))).cte("scope_served")

    def _reached(self, what: Any) -> Any:
        """Of the persons who answered a call themselves or were met."""
        attempt, dispatch = tables.attempts, tables.dispatches
        return self._voices(what).where(
            or_(
                and_(dispatch.c.channel == Channel.CALL, by_phone()),
                and_(dispatch.c.channel == Channel.VISIT, attempt.c.outcome == Outcome.MET),
            ),
        )

    def _voices(self, what: Any, channel: Channel | None = None) -> Any:
        """Tries on the person himself by a voice or a visit that serves the case."""
        attempt, dispatch = tables.attempts, tables.dispatches
        channels = (Channel.CALL, Channel.VISIT) if channel is None else (channel,)
        return (
            select(what)
            .select_from(self.served)
            .join(dispatch, dispatch.c.case_id == self.served.c.by_case)
            .join(attempt, attempt.c.dispatch_id == dispatch.c.id)
            .where(dispatch.c.channel.in_(channels), dispatch.c.target == Target.SELF)
        )

    def _limits(
        self, kind: DeadlineKind, *, on_time: bool, extra: Any = None, persons: bool = False
    ) -> tuple[int, int]:
        """Promises of a kind that were kept (on time, or at all), of those done or due by now."""
        table = tables.deadlines
        what = func.count(distinct(self.cases.c.phone_index)) if persons else func.count()
        matured = self._matured(kind, what)
        if extra is not None:
            matured = matured.where(extra)
        kept = table.c.done_at <= table.c.due_at if on_time else table.c.done_at.is_not(None)
        return self._number(matured.where(kept)), self._number(matured)

    def _matured(self, kind: DeadlineKind, what: Any) -> Any:
        table = tables.deadlines
        return (
            select(what)
            .select_from(self.cases)
            .join(table, table.c.case_id == self.cases.c.id)
            .where(
                table.c.kind == kind,
                table.c.void_at.is_(None),
                or_(table.c.done_at.is_not(None), table.c.due_at <= self.now),
            )
        )

    def _dispatches(self, *what: Any) -> Any:
        table = tables.dispatches
        return select(*what).select_from(self.cases).join(table, table.c.case_id == self.cases.c.id)

    def _tries(self, what: Any, channel: Channel) -> Any:
        """The cases' own tries on the person himself by a channel."""
        attempt, dispatch = tables.attempts, tables.dispatches
        return (
            self._dispatches(what)
            .join(attempt, attempt.c.dispatch_id == dispatch.c.id)
            .where(dispatch.c.channel == channel, dispatch.c.target == Target.SELF)
        )

    def _refused(self) -> int | None:
        if self.scope.region is not None or self.scope.fraud_types or self.scope.risks or self.scope.tests:
            return None
        table = tables.dead_letters
        query = select(func.count()).select_from(table).where(table.c.state == "kept")
        if self.scope.since is not None:
            query = query.where(table.c.received_at >= self.scope.since)
        if self.scope.until is not None:
            query = query.where(table.c.received_at < self.scope.until)
        if self.scope.sources:
            query = query.where(table.c.source.in_(sorted(self.scope.sources)))
        return self._number(query)

    def _follow_ups(self) -> Any:
        table = tables.deadlines
        return (
            select(func.count())
            .select_from(self.cases)
            .join(table, table.c.case_id == self.cases.c.id)
            .where(table.c.kind == DeadlineKind.FOLLOW_UP, table.c.done_at.is_(None), table.c.void_at.is_(None))
        )

    def _number(self, query: Any) -> int:
        return int(self.connection.execute(query).scalar_one())

    def _counts(self, query: Any) -> dict[str, int]:
        return {name: int(number) for name, number in self.connection.execute(query)}
