"""`hold`, `release`, `cancel`, `holds`, `brake`, `withdraw`: an operator's hand on what waits, at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select

from cli.operator import Operator, confirm, known_source, meant, operator, tell, why
from cli.say import as_json, fail, out, plainly, told
from dispatcher import holding, tables
from dispatcher.access import note_deed
from dispatcher.holding import Counted, Filter
from dispatcher.intake import Incoming, Status
from workers.engine import make_intake

PAGE = 500

Source = Annotated[str | None, typer.Option(help="Of alerts of this upstream.")]
Batch = Annotated[str | None, typer.Option(help="Of alerts of this batch.")]
Risk = Annotated[list[str] | None, typer.Option(help="Of this level, L1 to L4; may be repeated.")]
Channel = Annotated[list[str] | None, typer.Option(help="sms, call or visit; may be repeated.")]
Region = Annotated[str | None, typer.Option(help="Of cases in this region; all below it counts.")]
Since = Annotated[str | None, typer.Option(help="Of alerts received since then (ISO 8601, or 03:00 of today).")]
Until = Annotated[str | None, typer.Option(help="Of alerts received before then.")]
Case = Annotated[UUID | None, typer.Option(help="Of this case.")]
HoldOf = Annotated[UUID | None, typer.Option("--hold", help="Held by this hold or brake.")]
Reason = Annotated[str, typer.Option(help="Why, for every timeline; no person's name or number.")]
All = Annotated[bool, typer.Option("--all", help="Every waiting dispatch.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only count.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON; together with --yes or --dry-run.")]


def hold(
    reason: Reason,
    source: Source = None,
    batch: Batch = None,
    risk: Risk = None,
    channel: Channel = None,
    region: Region = None,
    since: Since = None,
    until: Until = None,
    case: Case = None,
    everything: All = False,
    dry_run: Dry = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Hold waiting dispatches, and those that match later, until the release. What is underway is not stopped.

    Example: quanzu hold --source bank --batch B17 --risk L4 --channel sms --reason "wrong batch"
    """
    with plainly():
        at = operator()
        wanted = meant(
            at.settings, source=source, batch=batch, risk=risk or (), channel=channel or (), region=region,
            since=since, until=until, case=case, hold=None, everything=everything,
        )  # fmt: skip  # one option a line would be a page
        told_why, now = why(reason), datetime.now(UTC)
        counted = _shown(at, wanted, json_=json_, sure=yes or dry_run, now=now)
        if dry_run:
            _end(json_, "nothing was held", counted, done=0)
            return
        confirm("Hold these, and what matches later? Deadlines go on running.", yes=yes)
        hold_id = holding.hold(at.store, wanted, at.visitor, reason=told_why, remote=at.remote, now=now)
        _end(json_, f"held by {hold_id}; `quanzu release {hold_id}` lets them go", counted, hold=hold_id)


def cancel(
    reason: Reason,
    source: Source = None,
    batch: Batch = None,
    risk: Risk = None,
    channel: Channel = None,
    region: Region = None,
    since: Since = None,
    until: Until = None,
    case: Case = None,
    hold_: HoldOf = None,
    everything: All = False,
    dry_run: Dry = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Cancel waiting dispatches for good, held or not. The alerts stay: to take back alerts, withdraw them.

    Example: quanzu cancel --source bank --batch B17 --channel sms --reason "sent by another centre"
    """
    with plainly():
        at = operator()
        wanted = meant(
            at.settings, source=source, batch=batch, risk=risk or (), channel=channel or (), region=region,
            since=since, until=until, case=case, hold=hold_, everything=everything,
        )  # fmt: skip  # one option a line would be a page
        told_why, now = why(reason), datetime.now(UTC)
        counted = _shown(at, wanted, json_=json_, sure=yes or dry_run, now=now)
        if dry_run:
            _end(json_, "nothing was cancelled", counted, done=0)
            return
        confirm("Cancel these for good?", yes=yes)
        done = holding.cancel(at.store, wanted, at.visitor, reason=told_why, remote=at.remote, now=now)
        _end(json_, f"{told(done)} cancelled", counted, done=done)


def release(
    hold_: Annotated[UUID | None, typer.Argument(metavar="HOLD", help="A hold's or brake's id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every hold and brake.")] = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Let go what a hold or a brake holds, and ring for what is due at once.

    Example: quanzu release --all
    """
    with plainly():
        if (hold_ is None) == (not everything):
            raise fail("give the id of one hold or brake, or --all; `quanzu holds` lists them")
        at = operator()
        now = datetime.now(UTC)
        with at.store.read() as connection:
            standing = holding.holds(connection, now=now)
        chosen = [one for one in standing if everything or one.id == hold_]
        if not chosen and not everything:
            raise fail("there is no standing hold or brake of this id; `quanzu holds` lists them")
        _asking_needs_a_terminal(json_, yes)
        for one in chosen if not json_ else ():
            out.print(f"{one.id}  {one.kind}  {one.reason}", markup=False)
            tell(one.holding)
        confirm("Let these go now?", yes=yes or not chosen)
        for one in chosen:
            _let_go(at, one.id, now)
    freed = sum(one.holding.total for one in chosen)
    if json_:
        as_json({"released": [one.id for one in chosen], "freed": freed})
    else:
        out.print(f"{told(len(chosen))} released, {told(freed)} dispatches are free")


def holds(
    everything: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Holds and brakes that stand, what they hold, and what the waiting costs.

    Example: quanzu holds --json
    """
    with plainly():
        at = operator()
        with at.store.read() as connection:
            found = holding.holds(connection, now=datetime.now(UTC), released=everything)
    if json_:
        as_json([one.as_json() for one in found])
        return
    for one in found:
        limit = f" {one.source} {one.per_minute}/min" if one.source else ""
        out.print(f"{one.id}  {one.kind}{limit}  since {one.made_at:%Y-%m-%d %H:%M:%S}Z by {one.made_by}", markup=False)
        out.print(f"  {one.reason}", markup=False)
        if one.filter:
            out.print("  " + ", ".join(f"{name} {value}" for name, value in one.filter.items()), markup=False)
        if one.released_at is not None:
            out.print(f"  released {one.released_at:%Y-%m-%d %H:%M:%S}Z by {one.released_by}", markup=False)
        tell(one.holding)
    out.print(f"{len(found)} listed")


def brake(
    source: Annotated[str, typer.Argument(help="The upstream.")],
    per_minute: Annotated[int | None, typer.Option(help="Alerts a minute that go on at once.", min=0)] = None,
    reason: Annotated[str, typer.Option(help="Why, for every timeline; no person's name or number.")] = "",
    urgent_too: Annotated[bool, typer.Option("--urgent-too", help="L1 and L2 as well; never without need.")] = False,
    off: Annotated[bool, typer.Option("--off", help="End the brake, and let go what it holds.")] = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Hold machines' dispatches of a source's alerts beyond a number a minute; the alerts are kept and planned.

    Example: quanzu brake bank --per-minute 60 --reason "ten times the usual since 02:40"
    """
    with plainly():
        if off == (per_minute is not None):
            raise fail("give --per-minute with --reason, or --off")
        at = operator()
        known_source(at.settings, source)
        now = datetime.now(UTC)
        _asking_needs_a_terminal(json_, yes)
        if off or per_minute is None:
            _brake_off(at, source, yes=yes, json_=json_, now=now)
            return
        told_why = why(reason)
        confirm(f"Brake {source} to {per_minute} alerts a minute?", yes=yes)
        brake_id = holding.brake(
            at.store, source, at.visitor, per_minute=per_minute, reason=told_why, remote=at.remote, now=now,
            urgent_too=urgent_too,
        )  # fmt: skip  # one option a line would be a page
    if json_:
        as_json({"brake": brake_id, "source": source, "per_minute": per_minute, "urgent_too": urgent_too})
    else:
        out.print(f"{source} is braked by {brake_id}; `quanzu brake {source} --off` ends it")


def _brake_off(at: Operator, source: str, *, yes: bool, json_: bool, now: datetime) -> None:
    with at.store.read() as connection:
        mine = [one for one in holding.holds(connection, now=now) if one.source == source]
    if not mine:
        raise fail(f"no brake stands on {source}; `quanzu holds` lists them")
    if not json_:
        tell(mine[0].holding)
    confirm("End the brake and let these go now?", yes=yes)
    _let_go(at, mine[0].id, now)
    if json_:
        as_json({"released": [mine[0].id], "freed": mine[0].holding.total})
    else:
        out.print(f"the brake on {source} is off, {told(mine[0].holding.total)} dispatches are free")


def withdraw(
    source: Annotated[str, typer.Option(help="The upstream whose alerts were wrong.")],
    reason: Reason,
    batch: Annotated[str | None, typer.Option(help="All alerts of this batch.")] = None,
    ref: Annotated[list[str] | None, typer.Option(help="The upstream's own id; may be repeated.")] = None,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Take back alerts that were wrong, in their upstream's name: they count nowhere, nobody sets out for them.

    Example: quanzu withdraw --source bank --batch B17 --reason "sent by mistake, told by phone"
    """
    with plainly():
        if (batch is None) == (not ref):
            raise fail("give --batch, or --ref once for each alert")
        at = operator()
        known_source(at.settings, source)
        told_why = why(reason)
        _asking_needs_a_terminal(json_, yes)
        refs = list(ref or ()) if batch is None else _of_batch(at, source, batch)
        if not json_:
            out.print(f"{told(len(refs))} alerts of {source} that are not withdrawn")
        confirm("Withdraw these? It cannot be undone; cases of which nothing else speaks end as false alarms.", yes=yes)
        told_by = f"{told_why} (by {at.visitor.label})"[:128]
        results = dict.fromkeys(Status, 0)
        for status in _withdrawn(at, source, refs, told_by):
            results[status] += 1
    if json_:
        as_json({status.value: number for status, number in results.items() if number})
    else:
        out.print(", ".join(f"{told(number)} {status}" for status, number in results.items() if number) or "none")
    raise typer.Exit(1 if results[Status.REFUSED] else 0)


def _of_batch(at: Operator, source: str, batch: str) -> list[str]:
    table = tables.alerts
    live = (table.c.source == source, table.c.batch == batch, table.c.withdrawn_at.is_(None))
    with at.store.read() as connection:
        return list(connection.execute(select(table.c.source_ref).where(*live).order_by(table.c.id)).scalars())


def _withdrawn(at: Operator, source: str, refs: list[str], reason: str) -> Iterator[Status]:
    intake = make_intake(at.settings, at.store)
    with at.store.write() as connection:
        now, deed = datetime.now(UTC), f"{len(refs)} of {source}: {reason}"
        note_deed(connection, at.visitor, deed="withdraw", why=deed, remote=at.remote, now=now)
    for start in range(0, len(refs), PAGE):
        values = [
            {"source": source, "source_ref": ref, "withdraw": True, "reason": reason}
            for ref in refs[start : start + PAGE]
        ]
        page = [Incoming(value=value) for value in values]
        yield from (result.status for result in intake.accept(page, door="command", now=datetime.now(UTC)).results)


def _let_go(at: Operator, hold_id: UUID, now: datetime) -> None:
    holding.release(at.store, hold_id, at.visitor, remote=at.remote, now=now)
    at.ring(holding.let_go(at.store, hold_id, now=now))


def _shown(at: Operator, wanted: Filter, *, json_: bool, sure: bool, now: datetime) -> Counted:
    """Count what is meant, and tell people before they decide."""
    _asking_needs_a_terminal(json_, sure)
    with at.store.read() as connection:
        counted = holding.count(connection, wanted, now=now)
    if not json_:
        tell(counted)
    return counted


def _asking_needs_a_terminal(json_: bool, sure: bool) -> None:
    if json_ and not sure:
        raise fail("--json is for programs, which cannot be asked: add --yes")


def _end(json_: bool, sentence: str, counted: Counted, **more: object) -> None:
    if json_:
        as_json(more | {"counted": counted.as_json()})
    else:
        out.print(sentence, markup=False)


def add_to(app: typer.Typer) -> None:
    """These verbs."""
    for verb in (hold, release, cancel, holds, brake, withdraw):
        app.command()(verb)
