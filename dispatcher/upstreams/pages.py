"""What is still to be told, a page at a time, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, delete, select

from dispatcher import tables
from dispatcher.bulk import among
from dispatcher.store import Store
from dispatcher.upstreams.messages import Concerned, Telling, answered, tell

CHUNK = 500


MOST = 2_000
"""Messages of a page. A row alone may come to a hundred thousand: one for each alert of its case."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a row was told whose messages are too many for one page: to this alert of this case."""

    number: int
    case: UUID
    alert: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, and the numbers of the rows that are told with them. A row may concern nobody any more.

    `rest`: the first row goes on behind this, and is not among `numbers`. `more`: more may wait.
    """

    numbers: list[int]
    tellings: list[Telling]
    rest: Mark | None = None
    more: bool = False


def anything_waits(store: Store) -> bool:
    """True when there is something to tell: one look at the first row."""
    with store.read() as connection:
        return connection.execute(select(tables.outcomes.c.number).limit(1)).first() is not None


def next_page(store: Store, *, limit: int, known: Container[str], most: int = MOST, after: Mark | None = None) -> Page:
    """The oldest rows, at most `limit`, with at most `most` messages to send. Leaves no transaction open.

    An answer concerns its own alert; a dispatch or a case every alert of that case that was not withdrawn, and a call
    or visit also those of the cases that share it. An upstream that joined later is not told what was before it.

    A row with more messages comes in parts: give `after` what the last page told as its `rest`.
    """
    table = tables.outcomes
    with store.read() as connection:
        found = connection.execute(select(table).order_by(table.c.number).limit(limit)).all()
        if found and after is not None and found[0].number == after.number:
            return _part(connection, found[0], most, after)
        rows = found
        while rows:
            page = _whole(connection, rows, most, known)
            if page is not None:
                return replace(page, more=len(page.numbers) < len(found) or len(found) == limit)
            if len(rows) == 1:
                return _part(connection, rows[0], most, None)
            rows = rows[: len(rows) // 2]
    return Page([], [])


def _whole(connection: Connection, rows: Sequence[Any], most: int, known: Container[str]) -> Page | None:
    """The first of these rows, as many as have `most` messages together; None where their cases have more alerts."""
    told = [row for row in rows if row.alert_id is None and row.case_id is not None]
    families = _families(connection, told)
    cases = sorted({case for row in told for case in families[row.number]})
    alerts = _alerts(connection, cases, most)
    if alerts is None:
        return None
    since = _joined(connection, cases)
    tellings: list[Telling] = []
    numbers: list[int] = []
    for row in rows:
        if row.number not in families:
            its = [tell(row, answered(row, known))]
        else:
            concerned = (one for case in families[row.number] for one in alerts[case])
            its = [tell(row, one) for one in concerned if since.get(one.alert_id, row.number) <= row.number]
        if len(tellings) + len(its) > most:
            break
        tellings += its
        numbers.append(row.number)
    return Page(numbers, tellings)


def _part(connection: Connection, row: Any, most: int, after: Mark | None) -> Page:
    """Some messages of one row that has very many, behind `after`."""
    alert, table = tables.alerts, tables.outcomes
    leader, *sharers = _families(connection, [row])[row.number]
    if after is None or after.case == leader:
        family = [leader, *sharers]
    else:  # in the same order, whoever came or left meanwhile
        family = [case for case in sharers if case >= after.case]
    tellings: list[Telling] = []
    looked, mark = 0, after
    for case in family:
        query = select(alert.c.id, alert.c.source, alert.c.source_ref).where(
            alert.c.case_id == case, alert.c.withdrawn_at.is_(None)
        )
        if after is not None and after.case == case:
            query = query.where(alert.c.id > after.alert)
        found = connection.execute(query.order_by(alert.c.id).limit(most - looked)).all()
        if not found:
            continue
        joined = select(table.c.alert_id).where(
            table.c.what == "joined",
            table.c.case_id == case,
            table.c.alert_id.between(found[0].id, found[-1].id),
            table.c.number > row.number,
        )
        later = set(connection.execute(joined).scalars())
        tellings += [tell(row, Concerned(*one)) for one in found if one.id not in later]
        looked, mark = looked + len(found), Mark(row.number, case, found[-1].id)
        if looked == most:
            return Page([], tellings, rest=mark, more=True)
    return Page([row.number], tellings, more=True)


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


def _alerts(connection: Connection, cases: Iterable[UUID], most: int) -> dict[UUID, list[Concerned]] | None:
    """The alerts of each case, in their order; None: there are more than `most`."""
    alert = tables.alerts
    found: dict[UUID, list[Concerned]] = defaultdict(list)
    count = 0
    for part in _parts(cases):
        query = select(alert.c.case_id, alert.c.id, alert.c.source, alert.c.source_ref).where(
            among(connection, alert.c.case_id, part), alert.c.withdrawn_at.is_(None)
        )
        # ordered here: PostgreSQL would look for the first of them through the whole table
        rows = connection.execute(query.limit(most - count + 1)).all()
        count += len(rows)
        if count > most:
            return None
        for case_id, *names in sorted(rows, key=itemgetter(1)):
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
