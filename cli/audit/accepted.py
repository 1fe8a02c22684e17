"""What was accepted is there: each alert in a case, each case with its timeline, each news with its receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cli.audit.codes import FINAL, STATES
from cli.audit.rows import Line
from cli.audit.world import World

VENDORS = "of a vendor's"


def alerts_have_cases(world: World) -> Line:
    """Received = opened + merged; each case was opened by one alert and counts its pushes."""
    rows = world.rows
    opened = Counter(alert.case_id for alert in rows.alerts if not alert.merged)
    pushed = Counter(alert.case_id for alert in rows.alerts)
    faults = [f"alert {alert.id}: has no case" for alert in rows.alerts if alert.case_id not in world.cases]
    for case in rows.cases:
        if opened[case.id] != 1:
            faults.append(f"case {case.id}: opened by {opened[case.id]} alerts")
        if pushed[case.id] != case.pushes:
            faults.append(f"case {case.id}: says {case.pushes} pushes, has {pushed[case.id]}")
    merged = sum(alert.merged for alert in rows.alerts)
    if len(rows.alerts) != len(rows.cases) + merged:
        faults.append(f"{len(rows.alerts)} alerts, but {len(rows.cases)} cases and {merged} merged")
    return Line("alerts", "received = opened + merged, each in its case", len(rows.alerts), tuple(faults))


def cases_have_events(world: World) -> Line:
    """A timeline begins with the opening, tells the closing, and each dispatch's end is in it."""
    events = world.rows.events
    opened = {event.case_id for event in events if event.what == "opened"}
    closed = {event.case_id for event in events if event.what == "closed"}
    # a stop-payment that was proposed names its call, too, and has states of its own
    ends = {event.dispatch_id: event.to_state for event in events if event.dispatch_id and event.to_state in STATES}
    faults = [f"case {case.id}: its opening is not told" for case in world.rows.cases if case.id not in opened]
    faults += [
        f"case {case.id}: its closing is not told"
        for case in world.rows.cases
        if case.state == "closed" and case.id not in closed
    ]
    faults += [
        f"{world.name(dispatch)}: that it is {dispatch.state} is not told"
        for dispatch in world.rows.dispatches
        if dispatch.state in FINAL and ends.get(dispatch.id) != dispatch.state
    ]
    return Line("events", "every case's timeline is there", len(events), tuple(faults))


def news_has_receipts(world: World) -> Line:
    """Each piece of news that the town saw taken is kept, and none that it never told.

    News in a vendor's dialect is kept under the vendor's codes: it is counted by reference.
    """
    spoken = {str(entry.reference) for entry in world.entries if "dialect" in entry.facts}
    taken = _by_reference(world.taken_news(), spoken)
    kept = _by_reference(world.rows.receipts, spoken)
    faults = [
        f"{reference}: news {code} was taken {number} times and kept {kept[reference, code]} times"
        for (reference, code), number in sorted(taken.items())
        if kept[reference, code] < number
    ]
    on_the_way = {
        (attempt.reference, VENDORS if "dialect" in effect.facts else str(effect.facts["outcome"]))
        for attempt in world.rows.attempts
        for effect in world.fact(attempt).effects
        if effect.facts["news"] == "told"
    }
    faults += [
        f"{reference}: news {code} is kept, which the town never told"
        for reference, code in sorted(kept.keys() - taken.keys() - on_the_way)
    ]
    return Line("news", "every piece of news taken is kept", sum(taken.values()), tuple(faults))


def _by_reference(news: Mapping[tuple[str, str], int], spoken: set[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for (reference, code), number in news.items():
        found[reference, VENDORS if reference in spoken else code] += number
    return found
