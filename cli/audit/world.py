"""Ledger and tables joined by reference: what the town says of one try beside what we wrote of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from cli.audit.codes import GOOD, OF_CARRIER, OF_PEOPLE, RING, TEXT
from cli.audit.rows import Attempt, Case, Dispatch, Entry, Level, Rows


@dataclass(slots=True)
class Fact:
    """All that the ledger says of one reference. `taken`: codes of news that we took, with the first instant."""

    effects: list[Entry] = field(default_factory=list)
    taken: dict[str, datetime] = field(default_factory=dict)
    reports: list[Entry] = field(default_factory=list)
    ignored: bool = False
    lost: bool = False
    rejected: set[str] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        """Learn one entry."""
        if entry.kind in OF_CARRIER or entry.kind in OF_PEOPLE:
            self.effects.append(entry)
        elif entry.kind == "news":
            self.taken.setdefault(str(entry.facts["code"]), entry.at)
        elif entry.kind == "report":
            self.reports.append(entry)
        elif entry.kind == "ignored":
            self.ignored = True
        elif entry.kind == "news_lost":
            self.lost = True
        elif entry.kind == "rejected":
            self.rejected.add(str(entry.facts.get("step")))

    def told(self, effect: Entry) -> bool:
        """Whether we were told what this effect came to."""
        if effect.facts["news"] == "withheld":
            return False
        return bool(self.reports) if effect.kind in OF_PEOPLE else effect.facts["outcome"] in self.taken

    def promised(self, effect: Entry) -> bool:
        """Whether news of it was meant to come and has not come (nor been given up, nor been refused by us)."""
        if effect.facts["news"] == "withheld" or self.told(effect):
            return False
        return "report" not in self.rejected if effect.kind in OF_PEOPLE else not self.lost

    @property
    def known_good(self) -> Entry | None:
        """An effect that went well and of which we were told."""
        return next((effect for effect in self.effects if went_well(effect) and self.told(effect)), None)


def went_well(effect: Entry) -> bool:
    """Delivered, heard, reached or met, in truth."""
    return effect.facts["outcome"] in GOOD[effect.kind]


def outcome_of(effect: Entry) -> str | None:
    """What an effect came to, in our words; None when its code tells nothing final."""
    outcome = str(effect.facts["outcome"])
    if effect.kind == "text":
        return TEXT[outcome]
    if effect.kind == "ring":
        return RING[outcome]
    if effect.kind == "visit":
        return "met" if outcome == "met" else "visit_invalid"
    if outcome != "reached":
        return "not_reached"
    return "refused_advice" if effect.facts.get("dissuasion") == "refused" else "reached"


class World:
    """Everything, joined; looked up, never changed."""

    def __init__(self, entries: Iterable[Entry], rows: Rows, *, now: datetime) -> None:
        self.rows = rows
        self.now = now
        self.entries = tuple(entries)
        self.facts: dict[str, Fact] = defaultdict(Fact)
        self.sign_ins: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.reference is not None:
                self.facts[entry.reference].take(entry)
            if entry.kind == "sign_in":
                self.sign_ins.setdefault(str(entry.facts["task"]), entry)
        self.attempts = {attempt.reference: attempt for attempt in rows.attempts}
        self.dispatches = {dispatch.id: dispatch for dispatch in rows.dispatches}
        self.cases = {case.id: case for case in rows.cases}
        self._tries: dict[UUID, list[Attempt]] = defaultdict(list)
        for attempt in sorted(rows.attempts, key=lambda one: one.number):
            self._tries[attempt.dispatch_id].append(attempt)
        self._of_case: dict[UUID, list[Dispatch]] = defaultdict(list)
        for dispatch in rows.dispatches:
            self._of_case[dispatch.case_id].append(dispatch)
        self._parted: dict[UUID, list[tuple[UUID, datetime]]] = defaultdict(list)
        for event in rows.events:
            if event.what == "parted":
                self._parted[event.case_id].append((UUID(event.why), event.at))

    def fact(self, attempt: Attempt) -> Fact:
        """What the town says of this try; empty when it never heard of it."""
        return self.facts.get(attempt.reference) or Fact()

    def tries(self, dispatch_id: UUID) -> list[Attempt]:
        """The tries of a dispatch, first to last."""
        return self._tries.get(dispatch_id, [])

    def of_case(self, case_id: UUID) -> list[Dispatch]:
        """The dispatches of a case."""
        return self._of_case.get(case_id, [])

    def parted_from(self, case_id: UUID) -> list[tuple[UUID, datetime]]:
        """The cases whose call and visit served this one until they were closed, and until when."""
        return self._parted.get(case_id, [])

    def level(self, case: Case, risk: str | None = None) -> Level:
        """The rule of the case's own frozen policy, at its level or at another."""
        return self.rows.policies[case.policy_digest][risk or case.risk]

    def name(self, dispatch: Dispatch) -> str:
        """How a dispatch is named in findings: its last reference, or its id when it never had a try."""
        tries = self.tries(dispatch.id)
        return tries[-1].reference if tries else f"dispatch {dispatch.id}"

    def scope(self) -> set[UUID]:
        """The cases that figures speak of: their first alert is no test and was not withdrawn."""
        return {alert.case_id for alert in self.rows.alerts if not alert.merged and alert.counts}

    def taken_news(self) -> Counter[tuple[str, str]]:
        """How often news of each (reference, code) was taken by us."""
        news = (entry for entry in self.entries if entry.kind == "news")
        return Counter((str(entry.reference), str(entry.facts["code"])) for entry in news)
