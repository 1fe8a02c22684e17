"""Whoever was warned twice: each second effect of a promise, and whether rule 11 allows it.

A repeat is a second effect of one dispatch after a first that was delivered or heard, or an effect with no planned
try behind it. A redial after a miss is none. Rule 11, after a try of which nobody could tell: a text at L1 or L2
goes once more; a robot's call counts as no answer and is dialled again as planned; nothing else.
"""

from __future__ import annotations

from itertools import pairwise

from cli.audit.codes import CHANNEL_OF
from cli.audit.rows import Attempt, Dispatch, Entry, Line
from cli.audit.world import World, went_well


def repeats(world: World) -> Line:
    """Every repeat with its reason; those that rule 11 does not allow are faults."""
    faults: list[str] = []
    notes: list[str] = []
    strangers = [e for e in world.entries if e.kind in CHANNEL_OF and str(e.reference) not in world.attempts]
    faults += [f"{entry.reference}: a {entry.kind} with no planned try behind it" for entry in strangers]
    for dispatch in world.rows.dispatches:
        told_before: list[tuple[Attempt, Entry]] = []
        for attempt in world.tries(dispatch.id):
            effects = world.fact(attempt).effects
            faults += [f"{attempt.reference}: happened twice under one reference" for _ in pairwise(effects)]
            told_before += [(attempt, effect) for effect in effects[:1]]
        told_before.sort(key=lambda pair: pair[1].n)
        for number, (attempt, effect) in enumerate(told_before):
            good = [pair for pair in told_before[:number] if went_well(pair[1])]
            if not good:
                continue
            allowed = _allowed(world, dispatch, good, effect)
            (notes if allowed else faults).append(
                f"{attempt.reference}: a second {effect.kind} after one that went well"
                + (f"; {allowed}" if allowed else _stood(*good[0], effect))
            )
    count = len(faults) + len(notes)
    return Line("repeats", "nobody was warned twice but by rule 11", count, tuple(faults), tuple(notes))


def _stood(first: Attempt, effect: Entry, again: Entry) -> str:
    """How the first stood, for whoever looks for the cause."""
    later_s = (again.at - effect.at).total_seconds()
    answered = f"{first.answer}, {first.code}" if first.code else str(first.answer)
    return f" {later_s:.1f} s before; that one: {effect.facts.get('ending')} by the carrier, {answered} to us"


def _allowed(world: World, dispatch: Dispatch, good: list[tuple[Attempt, Entry]], again: Entry) -> str | None:
    """Why rule 11 allows this repeat; None when it does not."""
    if len(good) > 1:
        return None
    first, effect = good[0]
    unsure = effect.facts.get("ending") != "answered" or first.answer == "unsure" or first.code == "lease_ran_out"
    in_time = [at for code, at in world.fact(first).taken.items() if code == effect.facts["outcome"] and at < again.at]
    if not unsure or in_time or first.code == "not_found_when_asked":
        return None
    case = world.cases[dispatch.case_id]
    if effect.kind == "text" and world.level(case, dispatch.risk).repeats_unsure_text:
        return "allowed: the first was unsure and without news (rule 11, a text at L1 or L2, once)"
    if effect.kind == "ring":
        return "allowed: the first was unsure and counts as no answer (rule 11, the planned redial)"
    return None
