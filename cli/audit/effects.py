"""Every effect has its try and every try its effect: the same person, the same channel, the same ending."""

from __future__ import annotations

from cli.audit.codes import CHANNEL_OF, OF_PEOPLE
from cli.audit.ledger import instant
from cli.audit.rows import Attempt, Line
from cli.audit.world import Fact, World, outcome_of


def effects_have_tries(world: World) -> Line:
    """Each text, ring, call and visit of the town carries a reference of ours, for that person and by that channel."""
    effects = [entry for entry in world.entries if entry.kind in CHANNEL_OF]
    faults = []
    for effect in effects:
        attempt = world.attempts.get(str(effect.reference))
        if attempt is None:
            faults.append(f"{effect.reference}: a {effect.kind} without a try of ours")
            continue
        dispatch = world.dispatches[attempt.dispatch_id]
        if (dispatch.channel, dispatch.means) != CHANNEL_OF[effect.kind]:
            faults.append(f"{effect.reference}: a {effect.kind} where {dispatch.means} {dispatch.channel} was promised")
        if effect.person != dispatch.person:
            faults.append(f"{effect.reference}: the {effect.kind} came to somebody else")
    return Line("effects", "every effect has its try, of that person, by that channel", len(effects), tuple(faults))


def tries_have_effects(world: World) -> Line:
    """What a carrier accepted happened; what it refused or put off did not; what nobody can tell is shown."""
    faults, notes = [], []
    for attempt in world.rows.attempts:
        fact = world.fact(attempt)
        if world.dispatches[attempt.dispatch_id].means in ("human", "officer"):
            if fault := _of_people(world, attempt, fact):
                faults.append(fault)
        elif attempt.answer == "accepted" and not fact.effects:
            faults.append(f"{attempt.reference}: accepted, but nothing happened")
        elif attempt.answer in ("refused", "busy") and fact.effects:
            faults.append(f"{attempt.reference}: {attempt.answer}, but it happened")
        elif attempt.answer == "unsure":
            notes.append(
                f"{attempt.reference}: unsure to the end; it {'happened' if fact.effects else 'did not happen'}"
            )
        elif attempt.answer is None and world.dispatches[attempt.dispatch_id].state != "underway":
            faults.append(f"{attempt.reference}: its request was never settled")
    says = "what was accepted happened, what was refused did not"
    return Line("tries", says, len(world.rows.attempts), tuple(faults), tuple(notes))


def _of_people(world: World, attempt: Attempt, fact: Fact) -> str | None:
    """Work on a worklist: done, or left by the town, or made needless, or not yet begun."""
    if fact.effects or fact.ignored or fact.rejected:
        return None
    if attempt.outcome is not None:
        return f"{attempt.reference}: has an outcome, but nobody dialled or went"
    dispatch = world.dispatches[attempt.dispatch_id]
    if dispatch.state in ("missed", "fulfilled", "unknown") and attempt is world.tries(dispatch.id)[-1]:
        return f"{attempt.reference}: {dispatch.state}, but the town never saw it"
    return None


def outcomes_agree(world: World) -> Line:
    """A try ended as the town told; where news was withheld, we claim nothing."""
    faults, notes, withheld, count = [], [], 0, 0
    for attempt in world.rows.attempts:
        fact = world.fact(attempt)
        told = {outcome_of(effect) for effect in fact.effects if fact.told(effect)}
        promised = {outcome_of(effect) for effect in fact.effects if fact.promised(effect)}
        count += bool(fact.effects)
        withheld += any(effect.facts["news"] == "withheld" for effect in fact.effects)
        if told:
            if attempt.outcome not in told:
                faults.append(f"{attempt.reference}: we say {attempt.outcome}, the town told {_either(told)}")
        elif promised:
            notes.append(f"{attempt.reference}: its news is still on the way")
            if attempt.outcome is not None and attempt.outcome not in promised:
                faults.append(f"{attempt.reference}: we say {attempt.outcome}, which nobody told")
        elif attempt.outcome is not None:
            faults.append(f"{attempt.reference}: we say {attempt.outcome}, which nobody told")
        faults += _reasons(attempt, fact)
    notes.insert(0, f"news of {withheld} tries was withheld by the town")
    return Line("outcomes", "every try ended as the town told it", count, tuple(faults), tuple(notes))


def _reasons(attempt: Attempt, fact: Fact) -> list[str]:
    """Why somebody was not reached or met, in the town's own word."""
    missed = [e for e in fact.effects if e.kind in OF_PEOPLE and fact.told(e) and not e.facts.get("reached")]
    return [
        f"{attempt.reference}: we say it failed by {attempt.outcome_code}, the town by {effect.facts['outcome']}"
        for effect in missed
        if attempt.outcome_code != effect.facts["outcome"]
    ]


def _either(outcomes: set[str | None]) -> str:
    return " or ".join(sorted(str(outcome) for outcome in outcomes))


REPORTED = ("target", "reach", "reason", "verdict", "dissuasion", "visit", "visit_reason")


def reports_agree(world: World) -> Line:
    """What callers and officers reported is kept, report by report; so are their sign-ins, and no more than theirs."""
    faults: list[str] = []
    ours: dict[str, list[tuple[object, ...]]] = {}
    by_id = {attempt.id: attempt.reference for attempt in world.rows.attempts}
    for row in world.rows.feedback:
        codes = tuple(row.codes.get(name) for name in REPORTED)
        ours.setdefault(by_id[row.attempt_id], []).append((row.received_at, *codes))
    theirs: dict[str, list[tuple[object, ...]]] = {}
    reports = [entry for entry in world.entries if entry.kind == "report"]
    for entry in reports:
        codes = tuple(entry.facts.get(name) for name in REPORTED)
        theirs.setdefault(str(entry.reference), []).append((instant(entry.facts["received_at"]), *codes))
    for reference in sorted(ours.keys() | theirs.keys()):
        kept, given = ours.get(reference, []), theirs.get(reference, [])
        if len(kept) != len(given):
            faults.append(f"{reference}: {len(given)} reports given, {len(kept)} kept")
        elif sorted(map(repr, kept)) != sorted(map(repr, given)):
            faults.append(f"{reference}: the report kept is not the report given")
    dispatches = {str(dispatch.id): dispatch for dispatch in world.rows.dispatches}
    for task, entry in world.sign_ins.items():
        if task not in dispatches or dispatches[task].signed_in_at != instant(entry.facts["signed_in_at"]):
            faults.append(f"{entry.reference}: signed in at another time than the town was told")
    signed = {task for task, dispatch in dispatches.items() if dispatch.signed_in_at is not None}
    faults += [f"dispatch {task}: signed in, but not by the town" for task in sorted(signed - world.sign_ins.keys())]
    count = len(reports) + len(world.sign_ins)
    return Line("reports", "sign-ins and reports are kept as they were given", count, tuple(faults))
