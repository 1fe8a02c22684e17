"""The dozen figures once more, from the town's truth wherever the town can know, else from plain rows.

`Source` names the side of numerator and denominator: `town` is the ledger, `tables` are rows that only we can have
(when an alert was received, which limits were promised or void, who is one person).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cli.audit.codes import SAFE
from cli.audit.ledger import instant
from cli.audit.persons import Persons, by_case, kept_by
from cli.audit.rows import Alert, Case, Deadline, Entry, Line
from cli.audit.world import World

Counted = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recounted:
    """A figure by the audit: counts, >= 0, and where each came from."""

    numerator: int
    denominator: int
    numerator_from: str
    denominator_from: str


def kpis_agree(world: World, told: dict[str, Counted], *, on_time_push_s: float, strict: bool) -> list[Line]:
    """One line a figure: ours (`told`, numerator and denominator by id) beside the town's.

    A denominator of 0 is a fault when `strict`, else a note.
    """
    lines = []
    for name, mine in recount(world, on_time_push_s=on_time_push_s).items():
        ours, theirs = told.get(name), (mine.numerator, mine.denominator)
        says = f"{mine.numerator} / {mine.denominator}; numerator: {mine.numerator_from}, of: {mine.denominator_from}"
        faults: list[str] = []
        notes: list[str] = []
        if ours is None:
            faults.append(f"{name}: not told at all")
        elif ours != theirs:
            faults.append(f"{name}: we tell {ours[0]} / {ours[1]}, recounted {theirs[0]} / {theirs[1]}")
        if not mine.denominator:
            (faults if strict else notes).append(f"{name}: its denominator is 0")
        lines.append(Line(f"kpi {name}", says, mine.denominator, tuple(faults), tuple(notes)))
    return lines


def recount(world: World, *, on_time_push_s: float) -> dict[str, Recounted]:
    """All twelve, by id, for the whole scope."""
    count = _Count(world, on_time_push_s)
    return {
        "alerts": Recounted(*count.alerts(), "tables", "tables"),
        "sign_in_on_time": Recounted(*count.sign_in_on_time(), "town", "town, and limits passed: tables"),
        "feedback": Recounted(*count.feedback(), "town", "town, and limits passed: tables"),
        "feedback_on_time": Recounted(*count.feedback_on_time(), "town", "town, and limits passed: tables"),
        "pushed_on_time": Recounted(*count.pushed_on_time(), "tables", "tables"),
        "sms_delivered": Recounted(*count.sms_delivered(), "town", "town, and unsure to the end: tables"),
        "call_answered": Recounted(*count.call_answered(), "town", "town, and unsure to the end: tables"),
        "met": Recounted(*count.met(), "town", "tables"),
        "met_on_time": Recounted(*count.met_on_time(), "town", "town, and limits passed: tables"),
        "coverage": Recounted(*count.coverage(), "town", "tables"),
        "dissuaded_provisional": Recounted(*count.dissuaded(), "town", "town"),
        "missed_contact": Recounted(*count.missed_contact(), "town, limits: tables", "town, limits: tables"),
    }


class _Count:
    def __init__(self, world: World, on_time_push_s: float) -> None:
        self.world = world
        self.persons = Persons(world)
        self.push_s = on_time_push_s
        self.cases = self.persons.scope
        self.limits = by_case(world.rows.deadlines)

    def alerts(self) -> Counted:
        pushed = [alert for alert in self.world.rows.alerts if alert.counts]
        return sum(not alert.merged for alert in pushed), len(pushed)

    def pushed_on_time(self) -> Counted:
        lags = [
            _milliseconds(alert, alert.occurred_at)
            for alert in self.world.rows.alerts
            if alert.counts and not alert.merged and alert.occurred_at is not None
        ]
        return sum(lag <= self.push_s * 1000 for lag in lags), len(lags)

    def sign_in_on_time(self) -> Counted:
        on_time = matured = 0
        for _, limit in self._owed("sign_in"):
            if limit.step:
                continue
            signed = self.world.sign_ins.get(str(limit.dispatch_id))
            matured += signed is not None or limit.due_at <= self.world.now
            on_time += signed is not None and _in_time(signed)
        return on_time, matured

    def feedback(self) -> Counted:
        found = list(self._feedback(late_too=True))
        return sum(at is not None for at, _ in found), len(found)

    def feedback_on_time(self) -> Counted:
        found = list(self._feedback(late_too=False))
        return sum(at is not None and at <= due for at, due in found), len(found)

    def _feedback(self, *, late_too: bool) -> Iterator[tuple[datetime | None, datetime]]:
        for case, limit in self._owed("feedback"):
            given = [instant(entry.facts["received_at"]) for entry in self.persons.reports(case)]
            at = kept_by(limit, [(one, one) for one in given])
            if (late_too or not limit.late_on_arrival) and (at is not None or limit.due_at <= self.world.now):
                yield at, limit.due_at

    def sms_delivered(self) -> Counted:
        delivered = sent = 0
        for case in self.cases:
            for dispatch in self.world.of_case(case.id):
                if dispatch.channel != "sms" or dispatch.target != "self":
                    continue
                tries = self.world.tries(dispatch.id)
                sent += any(self.world.fact(one).effects or one.answer == "unsure" for one in tries)
                delivered += any(self.world.fact(one).known_good for one in tries)
        return delivered, sent

    def call_answered(self) -> Counted:
        called = {case.person for case in self.cases if self._was_called(case)}
        return len(self._reached(lambda by: by != "officer")), len(called)

    def _was_called(self, case: Case) -> bool:
        tries = [
            (dispatch, attempt)
            for dispatch in self.world.of_case(case.id)
            if dispatch.channel == "call" and dispatch.target == "self"
            for attempt in self.world.tries(dispatch.id)
        ]
        for dispatch, attempt in tries:
            fact = self.world.fact(attempt)
            unsure = dispatch.means == "robot" and attempt.answer == "unsure"
            if unsure or any(effect.kind == "ring" or fact.told(effect) for effect in fact.effects):
                return True
        return False

    def met(self) -> Counted:
        needed = {
            case.person
            for case in self.cases
            if any(dispatch.channel == "visit" for dispatch in self.world.of_case(case.id))
        }
        return len(self._reached(lambda by: by == "officer")), len(needed)

    def met_on_time(self) -> Counted:
        return self._by_limit("met", lambda by: by == "officer", self.cases)

    def coverage(self) -> Counted:
        return len(self._reached(lambda _: True)), len({case.person for case in self.cases})

    def dissuaded(self) -> Counted:
        said = [self.persons.said(case) for case in self.cases]
        safe = {one.person for one in said if one and one.verdict == "not_defrauded" and one.dissuasion in SAFE}
        return len(safe), len(self._reached(lambda _: True))

    def missed_contact(self) -> Counted:
        needing = [case for case in self.cases if case.risk in ("L1", "L2", "L3")]
        matured: set[str] = set()
        missed: set[str] = set()
        for person, at, due in self._limits_of("contact", lambda _: True, needing):
            matured.add(person)
            if at is None or at > due:
                missed.add(person)
        return len(missed), len(matured)

    # -- what they share ----------------------------------------------------------------------------------------

    def _owed(self, kind: str) -> Iterator[tuple[Case, Deadline]]:
        for case in self.cases:
            for limit in self.limits.get(case.id, ()):
                if limit.kind == kind and not limit.void:
                    yield case, limit

    def _reached(self, voice: Callable[[str], bool]) -> set[str]:
        """The persons whom the town says were reached themselves by such a voice."""
        return {one.person for case in self.cases for one in self.persons.contacts(case) if voice(one.by)}

    def _by_limit(self, kind: str, voice: Callable[[str], bool], cases: list[Case]) -> Counted:
        found = list(self._limits_of(kind, voice, cases))
        on_time = {person for person, at, due in found if at is not None and at <= due}
        return len(on_time), len({person for person, _, _ in found})

    def _limits_of(
        self, kind: str, voice: Callable[[str], bool], cases: list[Case]
    ) -> Iterator[tuple[str, datetime | None, datetime]]:
        """Person, when kept, and due, of each matured limit of a kind."""
        inside = {case.id for case in cases}
        for case, limit in self._owed(kind):
            if case.id not in inside:
                continue
            contacts = self.persons.contacts(case, this_round=self.persons.is_of_this_round(case, limit))
            happened = [(one.at, one.told_at) for one in contacts if voice(one.by)]
            at = kept_by(limit, happened)
            if at is not None or limit.due_at <= self.world.now:
                yield case.person, at, limit.due_at


def _in_time(signed: Entry) -> bool:
    by = signed.facts["sign_in_by"]
    return by is None or instant(signed.facts["signed_in_at"]) <= instant(by)


def _milliseconds(alert: Alert, occurred_at: datetime) -> int:
    """How long after the event it came, in whole milliseconds, negative when the upstream's clock is ahead."""
    lag = alert.received_at - occurred_at
    return lag.days * 86_400_000 + lag.seconds * 1000 + lag.microseconds // 1000


__all__ = ["Counted", "Recounted", "kpis_agree", "recount"]
