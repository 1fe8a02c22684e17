"""How often each carrier has reached for a person lately, from the attempts: what its windows are held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, select

from dispatcher import tables
from dispatcher.bulk import also
from dispatcher.fatigue import of_people
from dispatcher.routing.way import Way
from dispatcher.routing.windows import longest, may_at
from dispatcher.words import Answer, Target

COUNT = (Answer.ACCEPTED.value, Answer.UNSURE.value)


class Reached:
    """Tries by (person, carrier). What is given to a carrier while this lives is told to `note`.

    A try counts from the moment it is opened, whatever came of the call: a vendor that blocks a caller counts failed
    calls too. What the carrier surely never had does not count. The duty phones of units are no persons.
    Source: Aliyun's voice documentation counts failed calls; the others do not say, and this is the safe reading.
    """

    def __init__(self, connection: Connection, ways: Iterable[Way], people: Collection[bytes], now: datetime) -> None:
        self._now = now
        self._tries: dict[tuple[bytes, str], list[datetime]] = defaultdict(list)
        windowed = [way for way in ways if way.windows]
        if not (windowed and people):
            return
        since = now - max(longest(way.windows) for way in windowed)
        dispatch, attempt = tables.dispatches, tables.attempts
        theirs = and_(
            attempt.c.dispatch_id == dispatch.c.id,
            also(
                attempt.c.begun_at > since,
                attempt.c.carrier.in_(sorted({way.carrier for way in windowed})),
                attempt.c.answer.is_(None) | attempt.c.answer.in_(COUNT),
            ),
        )
        query = (
            select(dispatch.c.phone_index, attempt.c.carrier, attempt.c.begun_at)
            .select_from(dispatch)
            .join(attempt, theirs)
            .where(of_people(connection, set(people)), dispatch.c.target != Target.DUTY)
        )
        for person, carrier, begun_at in connection.execute(query):
            self._tries[person, carrier].append(begun_at)

    def may_at(self, way: Way, person: bytes, target: str) -> datetime:
        """When this carrier may reach for the person again; now, where it has no windows."""
        if not way.windows or target == Target.DUTY:
            return self._now
        return may_at(way.windows, self._tries[person, way.carrier], self._now)

    def note(self, way: Way, person: bytes, target: str) -> None:
        """It does now."""
        if way.windows and target != Target.DUTY:
            self._tries[person, way.carrier].append(self._now)
