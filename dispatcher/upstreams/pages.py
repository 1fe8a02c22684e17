"""What is still to be told, a page at a time, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, delete, select

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.store import Store
from dispatcher.upstreams.messages import Concerned, Telling, answered, tell

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by their numbers, and every message that comes of them, in order. A row may concern nobody any more."""

    numbers: list[int]
    tellings: list[Telling]


def anything_waits(store: Store) -> bool:
    """True when there is something to tell: one look at the first row."""
    with store.read() as connection:
        return connection.execute(select(tables.outcomes.c.number).limit(1)).first() is not None


def next_page(store: Store, *, limit: int, known: Container[str]) -> Page:
    """The oldest `limit` rows with the messages to send. Leaves no transaction open.

    An answer concerns its own alert; a dispatch or a case every alert of that case that was not withdrawn, and a call
    or visit also those of the cases that share it. An upstream that joined later is not told what was before it.
    """
    table = tables.outcomes
    with store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.number).limit(limit)).all()
        told = [row for row in rows if row.alert_id is None and row.case_id is not None]
        families = _families(connection, told)
        cases = sorted({case for row in told for case in families[row.number]})
        alerts = _alerts(connection, cases)
        since = _joined(connection, cases)
    tellings = []
    for row in rows:
        if row.number not in families:
            tellings.append(tell(row, answered(row, known)))
            continue
        for case in families[row.number]:
            tellings += [tell(row, one) for one in alerts[case] if since.get(one.alert_id, row.number) <= row.number]
    return Page([row.number for row in rows], tellings)


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """These rows were told. The caller commits."""
    table = tables.outcomes
    for start in range(0, len(numbers), CHUNK):
        connection.execute(delete(table).where(among(connection, table.c.number, numbers[start : start + CHUNK])))


def _families(connection: Connection, rows: Sequence[Any]) -> dict[int, list[UUID]]:
    """By number: the case itself first; for a call or visit also those that share it, then and now."""
    sharers: dict[UUID, set[UUID]] = defaultdict(set)
    case = tables.cases
    for part in _parts({row.case_id for row in rows if row.what == "dispatch_ended"}):
        query = select(case.c.shares_case_id, case.c.id).where(among(connection, case.c.shares_case_id, part))
        for leader, sharer in connection.execute(query):
            sharers[leader].add(sharer)
    families = {row.number: [row.case_id] for row in rows}
    for row in rows:
        if row.also or (row.case_id in sharers and orjson.loads(row.told).get("channel") in ("call", "visit")):
            then = {UUID(one) for one in (row.also or "").split()}
            families[row.number] += sorted(then | sharers.get(row.case_id, set()))
    return families


def _alerts(connection: Connection, cases: Iterable[UUID]) -> dict[UUID, list[Concerned]]:
    alert = tables.alerts
    found: dict[UUID, list[Concerned]] = defaultdict(list)
    for part in _parts(cases):
        query = select(alert.c.case_id, alert.c.id, alert.c.source, alert.c.source_ref).where(
            among(connection, alert.c.case_id, part), alert.c.withdrawn_at.is_(None)
        )
        for case_id, *names in connection.execute(query.order_by(alert.c.id)):
            found[case_id].append(Concerned(*names))
    return found


def _joined(connection: Connection, cases: Iterable[UUID]) -> dict[UUID | None, int]:
    """By alert: the number of an acceptance that is still to be told. It is read in the same view as the alerts, so
    that an alert which came after a row is seen together with its acceptance.
    """
    table = tables.outcomes
    found: dict[UUID | None, int] = {}
    for part in _parts(cases):
        query = select(table.c.alert_id, table.c.number).where(
            table.c.what == "joined", among(connection, table.c.case_id, part)
        )
        found.update((alert_id, number) for alert_id, number in connection.execute(query))
    return found


def _parts(ids: Iterable[UUID]) -> Iterable[list[Any]]:
    ordered = sorted(ids)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
