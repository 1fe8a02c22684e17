"""What the town's people came to, by case: who was reached by whom, what was said, as far as it was told to us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from cli.audit.ledger import instant
from cli.audit.rows import Attempt, Case, Deadline, Dispatch, Entry
from cli.audit.world import World, went_well

ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Contact:
    """The person himself was reached. `at`: when; `told_at`: when we learned it; `by`: robot, human or officer."""

    person: str
    by: str
    at: datetime
    told_at: datetime
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Said:
    """The latest word on the person himself."""

    person: str
    verdict: str
    dissuasion: str | None
    stopped_yuan: Decimal


class Persons:
    """Contacts and reports by case; a case that shares another's call and visit has those too."""

    def __init__(self, world: World) -> None:
        self.world = world

    def serving(self, case: Case, *, this_round: bool = False) -> Iterator[tuple[Dispatch, datetime]]:
        """The dispatches to the person himself that serve a case: its own, and its leader's calls and visits.

        Each with the instant until which what it brings is the case's too: a case may have parted from its leader.
        `this_round`: only those of the second warning, where there was one.
        """
        begun = self._round_of(case) if this_round and case.second_warning else None
        for dispatch in self.world.of_case(case.id):
            if dispatch.target == "self" and (begun is None or dispatch.planned_at >= begun):
                yield dispatch, ALWAYS
        leaders = [] if begun is not None else self.world.parted_from(case.id)
        if case.shares_case_id is not None:
            leaders = [*leaders, (case.shares_case_id, ALWAYS)]
        for leader, until in leaders:
            for dispatch in self.world.of_case(leader):
                if dispatch.target == "self" and dispatch.channel != "sms":
                    yield dispatch, until

    def is_of_this_round(self, case: Case, limit: Deadline) -> bool:
        """Whether a limit was promised by the second warning, which nothing answers that the first one promised."""
        return case.second_warning and limit.made_at + SAME_MOMENT >= self._round_of(case)

    def _round_of(self, case: Case) -> datetime:
        own = self.world.of_case(case.id)
        texts = (one.planned_at for one in own if one.channel == "sms" and one.target == "self")
        return max(texts, default=case.opened_at)

    def contacts(self, case: Case, *, this_round: bool = False) -> list[Contact]:
        """In the order in which we learned of them."""
        found = [
            contact
            for dispatch, until in self.serving(case, this_round=this_round)
            if dispatch.channel != "sms"
            for attempt in self.world.tries(dispatch.id)
            for contact in self._of_try(dispatch, attempt)
            if contact.told_at < until
        ]
        return sorted(found, key=lambda contact: contact.told_at)

    def _of_try(self, dispatch: Dispatch, attempt: Attempt) -> Iterator[Contact]:
        fact = self.world.fact(attempt)
        for effect in fact.effects:
            if not (went_well(effect) and fact.told(effect)):
                continue
            person, code = str(effect.person), str(effect.facts["outcome"])
            if effect.kind == "ring":
                # the ledger knows when the phone rang and when the news was taken; in between lies what the news said
                at = min(max(attempt.outcome_at or effect.at, effect.at), fact.taken[code])
                yield Contact(person, "robot", at, fact.taken[code], code == "KEY1")
                continue
            first = fact.reports[0].facts
            told_at = instant(first["received_at"])
            at = min(instant(first["happened_at"]), told_at)
            yield Contact(person, "officer" if effect.kind == "visit" else "human", at, told_at, False)

    def said(self, case: Case) -> Said | None:
        """The latest report with a verdict on the person himself."""
        reports = [
            entry
            for dispatch, until in self.serving(case, this_round=True)
            for attempt in self.world.tries(dispatch.id)
            for entry in self.world.fact(attempt).reports
            if entry.facts["target"] == "self" and entry.facts["verdict"] is not None
            if instant(entry.facts["received_at"]) < until
        ]
        if not reports:
            return None
        last = max(reports, key=lambda entry: instant(entry.facts["received_at"]))
        stopped = Decimal(last.facts.get("stopped_yuan") or 0)
        return Said(str(last.person), last.facts["verdict"], last.facts["dissuasion"], stopped)

    def reports(self, case: Case) -> list[Entry]:
        """Every report on this case's own tries."""
        return [
            entry
            for dispatch in self.world.of_case(case.id)
            for attempt in self.world.tries(dispatch.id)
            for entry in self.world.fact(attempt).reports
        ]

    @cached_property
    def scope(self) -> list[Case]:
        """The cases that figures speak of."""
        inside = self.world.scope()
        return [case for case in self.world.rows.cases if case.id in inside]


SAME_MOMENT = timedelta(milliseconds=2)


def kept_by(limit: Deadline, happened: list[tuple[datetime, datetime]]) -> datetime | None:
    """When a promise was kept: the first happening (at, told_at) that we learned of while the promise was there.

    The moment of a row's making is known to the millisecond only, and a request's own moment may lie a little
    before it; so what the row itself names as its keeping counts as learned in time.
    """
    for at, told_at in sorted(happened, key=lambda pair: pair[1]):
        if told_at + SAME_MOMENT >= limit.made_at or at == limit.done_at:
            return at
    return None


def by_case(rows: tuple[Deadline, ...]) -> dict[UUID, list[Deadline]]:
    """Promises by case."""
    found: dict[UUID, list[Deadline]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found
