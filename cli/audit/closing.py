"""How each case must stand by the town's truth: closed and how, or open as temporarily not to be found.

The rules, from the domain's page: a report's own closing code; else, once everything has ended, the latest verdict;
else who reached the person: a caller or an officer is enough, a robot only where no person calls first, and then at
once if the person pressed "understood", else at the level's closing time; else nobody: the case stays open for a
supervisor where the level sends people, and closes itself in time where it does not. Who was reached and would not
listen stays open for a supervisor too.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from cli.audit.codes import FINAL
from cli.audit.persons import Persons
from cli.audit.rows import Case, Level, Line
from cli.audit.world import World

OPEN_UNREACHABLE = "open, temp_unreachable"
OPEN = "open"


def cases_stand_right(world: World) -> Line:
    """Case by case; those still open are counted, the town's number beside ours."""
    persons = Persons(world)
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    faults = []
    stubborn = 0
    for case in world.rows.cases:
        expected, found = expected_standing(persons, case), standing(case)
        ours[found] += 1
        theirs[expected] += 1
        if expected != found:
            faults.append(f"case {case.id}: {found}; by the town's truth {expected}")
        elif found == OPEN and _at_rest(world, case) and not _waits_to_close(world, case):
            stubborn += 1  # reached by a person, and would not listen: nothing else is expected open and at rest
    unreachable = f"temp_unreachable: {ours[OPEN_UNREACHABLE]} open, {theirs[OPEN_UNREACHABLE]} by the town's truth"
    rest = f"open otherwise: {ours[OPEN]}, {theirs[OPEN]} by the town's truth; {stubborn} would not listen"
    says = "every case stands as the town's truth predicts"
    return Line("cases", says, len(world.rows.cases), tuple(faults), (unreachable, rest))


def standing(case: Case) -> str:
    """How a case stands in the tables, in the words of this file."""
    if case.state == "closed":
        return f"closed, {case.close_code}"
    return OPEN if case.close_code is None else f"open, {case.close_code}"


def expected_standing(persons: Persons, case: Case) -> str:
    """How it must stand."""
    leader = persons.world.cases.get(case.shares_case_id) if case.shares_case_id is not None else None
    if not _at_rest(persons.world, case):
        return OPEN
    if leader is not None:
        return expected_standing(persons, leader)
    closers = [
        str(entry.facts["close"])
        for entry in persons.reports(case)
        if entry.facts.get("close") and entry.facts.get("submit") == "straight"
    ]
    if closers:
        return OPEN_UNREACHABLE if closers[-1] == "temp_unreachable" else f"closed, {closers[-1]}"
    return _at_rest_standing(persons, case)


def _at_rest_standing(persons: Persons, case: Case) -> str:
    level = persons.world.level(case)
    said = persons.said(case)
    contacts = persons.contacts(case, this_round=True)
    voices = {contact.by for contact in contacts}
    if said is not None and said.verdict == "defrauded":
        return "closed, defrauded_stopped" if said.stopped_yuan > 0 else "closed, defrauded_lost"
    if voices & {"human", "officer"}:
        return OPEN if said is not None and said.dissuasion == "refused" else "closed, dissuaded"
    if voices and level.human_start in (None, "after_robot"):
        if any(contact.acknowledged for contact in contacts):
            return "closed, dissuaded"
        return "closed, auto_closed" if _closing_time_came(persons.world, case, level) else OPEN
    if level.human_start is not None:
        return OPEN_UNREACHABLE
    return "closed, auto_closed" if _closing_time_came(persons.world, case, level) else OPEN


def _at_rest(world: World, case: Case) -> bool:
    return all(one.state in FINAL for one in world.of_case(case.id) if one.target != "duty")


def _waits_to_close(world: World, case: Case) -> bool:
    level = world.level(case)
    return level.closes_itself_s is not None and not _closing_time_came(world, case, level)


def _closing_time_came(world: World, case: Case, level: Level) -> bool:
    """Whether the level's closing time, from the opening or the last raise on, had come when it closed (or now)."""
    if level.closes_itself_s is None:
        return True
    until = case.closed_at or world.now
    texts = [one.planned_at for one in world.of_case(case.id) if one.channel == "sms" and one.target == "self"]
    begun = max(at for at in (case.opened_at, case.raised_at, *texts) if at is not None and at <= until)
    return begun + timedelta(seconds=level.closes_itself_s) <= until


def follow_ups_are_due(world: World) -> Line:
    """Whoever was dissuaded is asked again, as often as the level says; nobody else is."""
    persons = Persons(world)
    made = Counter(row.case_id for row in world.rows.deadlines if row.kind == "follow_up" and not row.void)
    twice = {event.case_id for event in world.rows.events if event.what == "reopened"}
    faults = []
    owed = 0
    for case in world.rows.cases:
        expected = _follow_ups(world.level(case), case.id)
        expected = expected if expected_standing(persons, case) == "closed, dissuaded" else 0
        owed += expected
        if case.id not in twice and made[case.id] != expected:
            faults.append(f"case {case.id}: {made[case.id]} follow-ups promised, {expected} owed")
    notes = (f"follow-ups: {sum(made.values())} promised, {owed} by the town's truth",)
    return Line("follow_ups", "who was dissuaded is asked again", sum(made.values()), tuple(faults), notes)


def _follow_ups(level: Level, case_id: UUID) -> int:
    """The sample is drawn by the case's own id, so that anybody can draw it again."""
    return level.follow_ups if case_id.int % 10_000 < level.follow_up_share * 10_000 else 0
