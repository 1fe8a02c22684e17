"""Every promise has ended, and as the town's truth says: exactly what nobody told us of is unknown."""

from __future__ import annotations

from cli.audit.codes import FINAL
from cli.audit.rows import Attempt, Dispatch, Line
from cli.audit.world import World, outcome_of


def all_ended(world: World) -> Line:
    """No dispatch is left in mid-way."""
    open_ones = [f"{world.name(one)}: {one.state}" for one in world.rows.dispatches if one.state not in FINAL]
    return Line("ended", "every dispatch has ended", len(world.rows.dispatches), tuple(open_ones))


def states_agree(world: World) -> Line:
    """Fulfilled, missed: each dispatch that ended is where its tries' truth, as far as it was told, puts it."""
    faults = []
    ended = [dispatch for dispatch in world.rows.dispatches if dispatch.state in FINAL]
    for dispatch in ended:
        expected = expected_states(world, dispatch)
        if dispatch.state not in expected and "unknown" not in (dispatch.state, *expected):
            faults.append(f"{world.name(dispatch)}: {dispatch.state}, by the town's truth {' or '.join(expected)}")
    return Line("states", "every dispatch is where its tries put it", len(ended), tuple(faults))


def unknown_is_withheld(world: World) -> Line:
    """Unknown are exactly the dispatches of whose last try we were told nothing, none before it having gone well."""
    faults, count = [], 0
    for dispatch in world.rows.dispatches:
        expected = expected_states(world, dispatch)
        count += dispatch.state == "unknown"
        if dispatch.state == "unknown" and "unknown" not in expected:
            faults.append(f"{world.name(dispatch)}: unknown, though the town told that it is {' or '.join(expected)}")
        if dispatch.state in FINAL and dispatch.state != "unknown" and expected == ("unknown",):
            faults.append(f"{world.name(dispatch)}: {dispatch.state}, though nobody told how it ended")
    return Line("unknown", "unknown is what the town withheld, and nothing else", count, tuple(faults))


def expected_states(world: World, dispatch: Dispatch) -> tuple[str, ...]:
    """The states in which a dispatch may have ended, by the ledger."""
    tries = world.tries(dispatch.id)
    if any(world.fact(attempt).known_good for attempt in tries):
        # late news of an earlier try does not undo that a redial was called off
        return ("fulfilled", "cancelled") if dispatch.state == "cancelled" else ("fulfilled",)
    if dispatch.state == "cancelled":
        return ("cancelled",)  # whether somebody still needed it is no truth of the town's
    if not tries or tries[-1].answer in ("refused", "busy"):
        return ("missed",)
    return _by_last_try(world, dispatch, tries[-1])


def _by_last_try(world: World, dispatch: Dispatch, last: Attempt) -> tuple[str, ...]:
    fact = world.fact(last)
    if any(fact.told(effect) and outcome_of(effect) is not None for effect in fact.effects):
        return ("missed",)
    if any(fact.promised(effect) for effect in fact.effects):
        return ("unknown", "missed", "fulfilled")
    if dispatch.means == "robot" and last.answer == "unsure":
        return ("missed", "unknown")  # rule 11: counts as no answer, and that was the last try
    return ("unknown",)
