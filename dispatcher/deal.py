"""Each due letter is given a carrier, before any claim: the first of its route that is sound, may reach for the person
and has a token.

    ways = deal(store, network, channel, ids, guard=…, now=…)

Only where there is something to choose or to count. L1 and L2 take the next carrier rather than wait; so do L3 and L4,
but never before those that have been told to wait for it. What no carrier may have now is put off until the first may,
with the reason; a claim in a transaction of its own makes sure of the windows again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from dispatcher import tables
from dispatcher.draft import Row
from dispatcher.fatigue import MACHINES
from dispatcher.guard import Guard
from dispatcher.reached import Reached
from dispatcher.routing.network import Network
from dispatcher.routing.order import order_of
from dispatcher.routing.reasons import BREAKER_OPEN, ONLY_LIVE, THROTTLED, WINDOW
from dispatcher.routing.way import Way
from dispatcher.store import Store
from dispatcher.throttle import draw, put_off
from dispatcher.words import Channel, DispatchState, Risk

LOOK = timedelta(seconds=0.5)
"""A carrier whose time for a probe has come, and whose probe somebody else has, is looked at again after this."""

NOT_FOR_TESTS = timedelta(hours=1)
"""How long a test alert's letter waits that only carriers of real people could take: a route may be mended."""


@dataclass(slots=True)
class _Letter:
    """A due dispatch on its way to a carrier. `waits`: until when and why, of the carriers that could not have it."""

    row: Row
    urgent: bool
    ways: tuple[Way, ...]
    way: Way | None = None
    throttled_by: Way | None = None
    waits: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def again(self) -> bool:
        """It has come at the time that it was given."""
        return bool(self.row["reason"] == THROTTLED)


def deal(
    store: Store, network: Network, channel: Channel, ids: Sequence[UUID], *, guard: Guard, now: datetime
) -> dict[UUID, Way]:
    """By which carrier each of `ids` goes; those left out were put off, or are not due or not machines' work. Commits;
    leaves no transaction open. A token that was drawn and is not used is lost."""
    letters, reached = _due(store, network, channel, ids, now)
    for turn in range(max((len(letter.ways) for letter in letters), default=0)):
        by_way: dict[str, list[_Letter]] = {}
        for letter in letters:
            if letter.way is None and turn < len(letter.ways):
                by_way.setdefault(letter.ways[turn].carrier, []).append(letter)
        for group in by_way.values():
            _offer(store, group[0].ways[turn], group, reached=reached, guard=guard, turn=turn, now=now)
    _line_up(store, [letter for letter in letters if letter.way is None], reached, now)
    return {letter.row["id"]: letter.way for letter in letters if letter.way is not None}


def _due(
    store: Store, network: Network, channel: Channel, ids: Sequence[UUID], now: datetime
) -> tuple[list[_Letter], Reached]:
    """The urgent first, then by age: ids are UUIDv7."""
    table, case = tables.dispatches, tables.cases
    query = (
        select(
            table.c.id,
            table.c.lane,
            table.c.risk,
            table.c.reason,
            table.c.attempts,
            table.c.passed_over,
            table.c.phone_index,
            table.c.target,
            case.c.is_test,
        )
        .join(case, case.c.id == table.c.case_id)
        .where(
            table.c.id.in_(ids),
            table.c.state == DispatchState.WAITING,
            table.c.held_by.is_(None),
            table.c.due_at <= now,
            table.c.means.in_(MACHINES),
        )
    )
    with store.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        letters = [_letter(network, channel, row) for row in rows]
        used = {way for letter in letters for way in letter.ways}
        reached = Reached(connection, used, {row["phone_index"] for row in rows}, now)
    return sorted(letters, key=lambda one: (not one.urgent, one.row["id"])), reached


def _letter(network: Network, channel: Channel, row: Row) -> _Letter:
    seed = row["id"].bytes + row["attempts"].to_bytes(4, "big")
    route = network.routes[channel, Risk(row["risk"])]

    def ways(passed_over: str | None) -> tuple[Way, ...]:
        order = [network.way(name, channel) for name in order_of(route, seed, passed_over)]
        return tuple(way for way in order if not (row["is_test"] and way.live))

    # a test whose other carriers are all of real people comes back to its own
    return _Letter(row, row["lane"] == "urgent", ways(row["passed_over"]) or ways(None))


def _offer(
    store: Store, way: Way, group: list[_Letter], *, reached: Reached, guard: Guard, turn: int, now: datetime
) -> None:
    """Give a carrier what it may have of these; why it may not have the others is noted on them."""
    if (shut := guard.shut(way.carrier, now)) is not None:
        for letter in group:
            letter.waits.append((max(shut, now + LOOK), BREAKER_OPEN))
        group = _probing(store, way, group, guard, now)
    may: list[_Letter] = []
    for letter in group:
        at = reached.may_at(way, letter.row["phone_index"], letter.row["target"])
        if at > now:
            letter.waits.append((at, WINDOW))
        elif way.limit is None:
            _give(way, [letter], reached)
        else:
            may.append(letter)
    if may:
        # who has no other carrier to turn to stands in line here
        last = [letter for letter in may if letter.throttled_by is None and turn == len(letter.ways) - 1]
        _draw(store, way, last, reached, now, stay=True)
        others = [letter for letter in may if letter not in last]
        _draw(store, way, others, reached, now, stay=False)
        for letter in others:
            letter.throttled_by = letter.throttled_by or way


def _probing(store: Store, way: Way, group: list[_Letter], guard: Guard, now: datetime) -> list[_Letter]:
    """The few letters that try a carrier which is passed by. An urgent one has another carrier's time to lose: it does
    only where it has none, or where nobody else has come to do it."""
    may = [letter for letter in group if not letter.urgent or not _has_other(letter, guard, now)]
    if not may and guard.nobody_probes(way.carrier, now):
        may = group[:1]
    return may[: guard.probe(store, way.carrier, now)] if may else []


def _has_other(letter: _Letter, guard: Guard, now: datetime) -> bool:
    return any(guard.shut(way.carrier, now) is None for way in letter.ways)


def _give(way: Way, letters: list[_Letter], reached: Reached) -> None:
    for letter in letters:
        letter.way = way
        reached.note(way, letter.row["phone_index"], letter.row["target"])


def _draw(store: Store, way: Way, letters: list[_Letter], reached: Reached, now: datetime, *, stay: bool) -> None:
    """Tokens for these, the urgent first. `stay`: who gets none has a place in line, and is told when to come."""
    assert way.limit is not None
    for urgent in (True, False):
        again = [one for one in letters if one.urgent is urgent and one.again and stay]
        fresh = [one for one in letters if one.urgent is urgent and one not in again]
        if not (again or fresh):
            continue
        many = {"again": len(again), "fresh": len(fresh)}
        grant, ahead = draw(store, way.carrier, way.channel, way.limit, urgent=urgent, now=now, stay=stay, **many)
        _give(way, again[: grant.again] + fresh[: grant.fresh], reached)
        if stay:
            places = [*zip(again[grant.again :], grant.again_at, strict=True)]
            places += zip(fresh[grant.fresh :], grant.fresh_at, strict=True)
            for letter, at in places:
                letter.waits.append((at - ahead, THROTTLED))


def _line_up(store: Store, letters: list[_Letter], reached: Reached, now: datetime) -> None:
    """What no carrier may have now: a place in line where only tokens are wanting, else the earliest time of all."""
    by_way: dict[Way, list[_Letter]] = {}
    for letter in letters:
        if letter.throttled_by is not None:
            by_way.setdefault(letter.throttled_by, []).append(letter)
    for way, group in by_way.items():
        _draw(store, way, group, reached, now, stay=True)
    later = [(letter.row["id"], *_earliest(letter, now)) for letter in letters if letter.way is None]
    if later:
        put_off(store, later, now)


def _earliest(letter: _Letter, now: datetime) -> tuple[datetime, str]:
    """A place in line is kept: who came earlier would find that he is told to come once more."""
    if placed := [wait for wait in letter.waits if wait[1] == THROTTLED]:
        return placed[0]
    return min(letter.waits, default=(now + NOT_FOR_TESTS, ONLY_LIVE))
