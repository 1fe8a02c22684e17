"""How the carriers fare: one row a carrier, fed by all workers, read by whoever routes or looks.

tell(store, carrier, told, now)    what one process saw lately
let_probe(store, carrier, now)     whether a few letters may try a carrier that is passed by
health(connection)                 how they all fare: for /metrics, the doctor, pages
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dispatcher import tables
from dispatcher.routing.breaker import Breaker, Report, State, after, probed, sound
from dispatcher.store import Store, is_postgres

FIELDS = ("since", "probe_at", "opened", "run", "asked", "failed", "counted_at")


@dataclass(frozen=True, slots=True)
class Health:
    """One carrier. `share`: of the latest requests, those that failed, 0 .. 1; None when there were none to speak of.

    `latency_s`: of the last request that was answered. `our_fault_code`: why it last refused us for something that we
    must mend (a signature, a template, no money), since `our_fault_at`.
    """

    carrier: str
    breaker: Breaker
    latency_s: float | None
    our_fault_at: datetime | None
    our_fault_code: str | None

    @property
    def state(self) -> State:
        """Whether it is used, passed by, or being tried."""
        return self.breaker.state

    @property
    def share(self) -> float | None:
        """See the class."""
        return self.breaker.share


LATELY = timedelta(minutes=15)
"""A refusal for a fault of ours is a warning for so long after the last one."""


def troubles(connection: Connection, now: datetime) -> list[str]:
    """One sentence for each carrier that is passed by or refuses us: for /readyz and the doctor."""
    told = []
    for one in health(connection):
        if one.state is not State.CLOSED:
            told.append(f"carrier {one.carrier}: fails and is passed by since {one.breaker.since:%H:%M:%S} UTC")
        if one.our_fault_at is not None and now - one.our_fault_at < LATELY:
            told.append(f"carrier {one.carrier}: refuses us ({one.our_fault_code}): signature, template or money")
    return told


@dataclass(frozen=True, slots=True)
class Told:
    """What one process saw of a carrier since it last told."""

    report: Report
    latency_s: float | None = None
    our_fault_at: datetime | None = None
    our_fault_code: str | None = None


def health(connection: Connection) -> list[Health]:
    """Every carrier of which anything is known, by name."""
    table = tables.carrier_health
    return [_health(dict(row)) for row in connection.execute(select(table).order_by(table.c.carrier)).mappings()]


def keep_only(store: Store, carriers: Collection[str]) -> None:
    """Forget the carriers that nobody can send by any more: their troubles would be told for ever. Commits."""
    table = tables.carrier_health
    with store.write() as connection:
        connection.execute(delete(table).where(table.c.carrier.not_in(carriers)))


def tell(store: Store, carrier: str, told: Told, now: datetime) -> Health:
    """Add what was seen. Commits. Returns how the carrier fares now."""
    with store.write() as connection:
        known = _locked(connection, carrier, now)
        breaker = after(known.breaker, told.report, now)
        fault = told.our_fault_code is not None
        found = Health(
            carrier,
            breaker,
            known.latency_s if told.latency_s is None else told.latency_s,
            told.our_fault_at if fault else known.our_fault_at,
            told.our_fault_code if fault else known.our_fault_code,
        )
        _write(connection, found)
    return found


def let_probe(store: Store, carrier: str, now: datetime) -> Health | None:
    """A probe of this carrier is this caller's; None: it is not the time, or somebody else was first. Commits."""
    with store.write() as connection:
        known = _locked(connection, carrier, now)
        breaker = probed(known.breaker, now)
        if breaker is None:
            return None
        found = Health(carrier, breaker, known.latency_s, known.our_fault_at, known.our_fault_code)
        _write(connection, found)
    return found


def _locked(connection: Connection, carrier: str, now: datetime) -> Health:
    """The carrier's row, made where there is none."""
    table = tables.carrier_health
    query = select(table).where(table.c.carrier == carrier).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        insert = postgresql.insert if is_postgres(connection) else sqlite.insert
        values = {"carrier": carrier} | _values(Health(carrier, sound(now), None, None, None))
        connection.execute(insert(table).values(values).on_conflict_do_nothing())
        row = connection.execute(query).mappings().one()
    return _health(dict(row))


def _write(connection: Connection, found: Health) -> None:
    table = tables.carrier_health
    connection.execute(update(table).where(table.c.carrier == found.carrier).values(_values(found)))


def _health(row: dict[str, Any]) -> Health:
    breaker = Breaker(State(row["state"]), **{name: row[name] for name in FIELDS})
    return Health(row["carrier"], breaker, row["latency_s"], row["our_fault_at"], row["our_fault_code"])


def _values(found: Health) -> dict[str, Any]:
    told = {name: getattr(found.breaker, name) for name in FIELDS}
    ours = {"our_fault_at": found.our_fault_at, "our_fault_code": found.our_fault_code}
    return {"state": found.breaker.state.value, "latency_s": found.latency_s} | told | ours
