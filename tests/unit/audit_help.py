"""A small world for the audit: grandmother (L1) is texted, called and met, a neighbour (L3) hears a robot.

Everything agrees until a test makes one thing wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from cli.audit import Line, Rows, World, audit
from cli.audit.kpis import Counted, recount
from cli.audit.rows import Alert, Attempt, Case, Deadline, Dispatch, Entry, Event, Feedback, Level

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_numbers = count(1)

GRANDMOTHER, NEIGHBOUR = "grandmother", "neighbour"
LEVELS = {
    "L1": Level("at_once", None, 3, 1.0, True),
    "L2": Level("at_once", None, 2, 1.0, True),
    "L3": Level("after_robot", 45.0, 1, 0.0, False),
    "L4": Level(None, 45.0, 0, 1.0, False),
}


def later(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def id_at(at: datetime) -> UUID:
    """A fresh UUIDv7 of that moment."""
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | next(_numbers))


@dataclass
class Town:
    """Both sides, kept in step by the verbs below; `told_kpis` are the figures as we would tell them."""

    entries: list[Entry] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    dispatches: dict[str, Dispatch] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    deadlines: list[Deadline] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    receipts: dict[tuple[str, str], int] = field(default_factory=dict)

    # -- what happens -------------------------------------------------------------------------------------------

    def alert(self, who: str, risk: str, **facts: Any) -> Case:
        """An alert about somebody opens a case."""
        case = Case(id_at(NOON), who, risk, 1, False, "open", None, NOON, None, None, None, "policy")
        case = self.cases[who] = replace(case, **facts)
        self.alerts.append(Alert(id_at(NOON), case.id, False, True, NOON, later(-60)))
        self.events.append(Event(case.id, None, "opened", "open", None, NOON))
        return case

    def promise(self, stem: str, who: str, means: str, **facts: Any) -> Dispatch:
        """A dispatch, waiting."""
        channel = {"carrier": "sms", "robot": "call", "human": "call", "officer": "visit"}[means]
        case = self.cases[who]
        one = Dispatch(id_at(NOON), case.id, who, channel, means, "self", case.risk, "waiting", None, NOON)
        self.dispatches[stem] = replace(one, **facts)
        return self.dispatches[stem]

    def tries(self, stem: str, *, number: int = 1, answer: str = "accepted", code: str | None = None) -> str:
        """An attempt; returns its reference."""
        reference = f"{stem}0{number}"
        attempt = Attempt(id_at(NOON), self.dispatches[stem].id, number, reference, answer, code, None, None, None)
        self.attempts[reference] = attempt
        return reference

    def happens(self, kind: str, reference: str, outcome: str, *, at: float = 1, **facts: Any) -> None:
        """The town's entry of an effect."""
        dispatch = self.dispatches[reference[:-2]]
        known = {"outcome": outcome, "reached": outcome in ("HEARD", "KEY1", "KEY2", "reached", "met")}
        known |= {"news": "told", "ending": "answered", "task": str(dispatch.id), "dissuasion": None}
        self.write(kind, reference, facts.pop("person", dispatch.person), later(at), **(known | facts))

    def news(self, reference: str, code: str, ours: str | None, *, at: float = 2) -> None:
        """The carrier's news is taken and kept; it ends the try as `ours`."""
        dispatch = self.dispatches[reference[:-2]]
        self.write("news", reference, dispatch.person, later(at), code=code)
        self.receipts[reference, code] = self.receipts.get((reference, code), 0) + 1
        if ours is not None:
            self.change(reference, outcome=ours, outcome_code=code, outcome_at=later(at))

    def signs_in(self, reference: str, *, at: float = 1, by: float = 5) -> None:
        """Somebody takes the task, in time by default."""
        stem = reference[:-2]
        dispatch = self.dispatches[stem] = replace(self.dispatches[stem], signed_in_at=later(at))
        told = {"signed_in_at": later(at).isoformat(), "sign_in_by": later(by).isoformat()}
        self.write("sign_in", reference, dispatch.person, later(at), task=str(dispatch.id), **told)
        self.limit("sign_in", self.of(dispatch).person, by, done=at, dispatch_id=dispatch.id)

    def reports(self, reference: str, ours: str, *, at: float = 3, **codes: Any) -> None:
        """A report, as it is told and as it is kept."""
        dispatch = self.dispatches[reference[:-2]]
        whole: dict[str, Any] = dict.fromkeys(("reason", "verdict", "dissuasion", "visit", "visit_reason", "close"))
        whole |= {"target": "self", "reach": "reached", "submit": "straight", "stopped_yuan": None} | codes
        times = {"received_at": later(at).isoformat(), "happened_at": later(at).isoformat()}
        self.write("report", reference, dispatch.person, later(at), task=str(dispatch.id), **(whole | times))
        self.feedback.append(Feedback(self.attempts[reference].id, later(at), whole))
        reason = whole["visit_reason"] or whole["reason"] or whole["dissuasion"]
        self.change(reference, outcome=ours, outcome_code=reason, outcome_at=later(at))

    def ends(self, stem: str, state: str) -> None:
        """A dispatch comes to its end, and the timeline tells it."""
        dispatch = self.dispatches[stem] = replace(self.dispatches[stem], state=state)
        self.events.append(Event(dispatch.case_id, dispatch.id, state, state, None, NOON))

    def closes(self, who: str, code: str, *, at: float = 50) -> None:
        """A case is closed; whoever was dissuaded is to be asked again."""
        case = self.cases[who] = replace(self.cases[who], state="closed", close_code=code, closed_at=later(at))
        self.events.append(Event(case.id, None, "closed", "closed", f"{code}: at_rest", later(at)))
        for step in range(LEVELS[case.risk].follow_ups if code == "dissuaded" and LEVELS[case.risk].human_start else 0):
            if LEVELS[case.risk].follow_up_share:
                self.limit("follow_up", who, 9_000, step=step)

    def limit(self, kind: str, who: str, due: float, *, done: float | None = None, **facts: Any) -> None:
        """A promise of time, kept at `done`."""
        kept = None if done is None else later(done)
        row = Deadline(id_at(NOON), self.cases[who].id, None, kind, 0, later(due), kept, False, False)
        self.deadlines.append(replace(row, **facts))

    # -- by hand ------------------------------------------------------------------------------------------------

    def write(self, kind: str, reference: str | None, person: str | None, at: datetime, **facts: Any) -> None:
        """Any entry of the ledger."""
        self.entries.append(Entry(len(self.entries) + 1, at, kind, reference, person, facts))

    def change(self, reference: str, **facts: Any) -> None:
        """Change what we wrote of a try."""
        self.attempts[reference] = replace(self.attempts[reference], **facts)

    def strike(self, kind: str, reference: str) -> None:
        """Take an entry out of the ledger."""
        self.entries = [e for e in self.entries if (e.kind, e.reference) != (kind, reference)]

    def of(self, dispatch: Dispatch) -> Case:
        """The case of a dispatch."""
        return next(case for case in self.cases.values() if case.id == dispatch.case_id)

    # -- judged -------------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """The two sides joined, an hour later."""
        rows = Rows(
            tuple(self.alerts),
            tuple(self.cases.values()),
            tuple(self.dispatches.values()),
            tuple(self.attempts.values()),
            tuple(self.deadlines),
            tuple(self.feedback),
            tuple(self.events),
            dict(self.receipts),
            {"policy": LEVELS},
        )
        return World(self.entries, rows, now=later(3600))

    def kpis(self) -> dict[str, Counted]:
        """The figures that would agree."""
        found = recount(self.world, on_time_push_s=600)
        return {name: (one.numerator, one.denominator) for name, one in found.items()}

    def audit(self, kpis: dict[str, Counted] | None = None, *, strict: bool = False) -> dict[str, Line]:
        """Every line by its name."""
        told = self.kpis() if kpis is None else kpis
        return {line.check: line for line in audit(self.world, told, on_time_push_s=600, strict=strict)}

    def red(self) -> set[str]:
        """The names of the checks that differ."""
        return {name for name, line in self.audit().items() if not line.agrees}


def a_good_day() -> Town:
    """Grandmother is texted, reached by a caller and met; the neighbour is texted and presses 1."""
    town = Town()
    town.alert(GRANDMOTHER, "L1")
    for kind, due, done in (("contact", 10, 3), ("met", 15, 5), ("feedback", 25, 3)):
        town.limit(kind, GRANDMOTHER, due, done=done)
    for stem, who in (("gtext", GRANDMOTHER), ("ntext", NEIGHBOUR)):
        if who == NEIGHBOUR:
            town.alert(NEIGHBOUR, "L3")
            town.limit("contact", NEIGHBOUR, 30, done=2)
        town.promise(stem, who, "carrier")
        reference = town.tries(stem)
        town.happens("text", reference, "DELIVRD")
        town.news(reference, "DELIVRD", "delivered")
        town.ends(stem, "fulfilled")
    town.promise("gcall", GRANDMOTHER, "human")
    town.promise("gdoor", GRANDMOTHER, "officer")
    call, visit = town.tries("gcall"), town.tries("gdoor")
    town.signs_in(call)
    town.signs_in(visit, at=2)
    said = {"verdict": "not_defrauded", "dissuasion": "timely"}
    town.happens("call", call, "reached", at=3, **said)
    town.reports(call, "reached", at=3, **said)
    town.happens("visit", visit, "met", at=5, **said)
    town.reports(visit, "met", at=5, visit="met", **said)
    town.ends("gcall", "fulfilled")
    town.ends("gdoor", "fulfilled")
    town.closes(GRANDMOTHER, "dissuaded")
    town.promise("nring", NEIGHBOUR, "robot")
    ring = town.tries("nring")
    town.happens("ring", ring, "KEY1")
    town.news(ring, "KEY1", "key_understood")
    town.ends("nring", "fulfilled")
    town.closes(NEIGHBOUR, "dissuaded", at=3)
    return town
