"""Who operates at this prompt, what he means by his options, and what he is told before he does it."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

import typer

from cli.commands.data import existing
from cli.home import first_key, open_store
from cli.logs import set_up_logs
from cli.say import fail, out, told
from config.settings import Settings, load_settings
from dispatcher.access import Visitor, who
from dispatcher.alert.unencrypted import NO_PERSON_IN_WORDS, holds_persons_number
from dispatcher.bells import Bell
from dispatcher.holding import Counted, Filter, FilterWrong, read_filter
from dispatcher.plan import LOCAL
from dispatcher.store import Store
from dispatcher.words import SOURCES
from workers.app import make_celery
from workers.relay import Relay


@dataclass(frozen=True, slots=True)
class Operator:
    """The deployment's first key, and who uses it on this machine."""

    settings: Settings
    store: Store
    visitor: Visitor
    remote: str

    def ring(self, pages: Iterable[list[Bell]]) -> None:
        """Ring for what is due now; the clock rings for what this misses."""
        relay = Relay(make_celery(self.settings), chunk=self.settings.chunk).start()
        for bells in pages:
            relay.ring(bells)
        relay.stop()


def operator() -> Operator:
    """Open the deployment. Raises: Exit, ValueError: it cannot be operated."""
    set_up_logs("WARNING")
    settings = existing(load_settings())
    store = open_store(settings)
    key = first_key(settings, store)
    with store.read() as connection:
        visitor = who(connection, key)
    if visitor is None:
        raise fail("the first key of this QUANZU_HOME is revoked; operate with another over HTTP, or make it anew")
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Operator(settings, store, visitor, f"command of {name}"[:64])


def meant(
    settings: Settings,
    *,
    source: str | None,
    batch: str | None,
    risk: Sequence[str],
    channel: Sequence[str],
    region: str | None,
    since: str | None,
    until: str | None,
    case: UUID | None,
    hold: UUID | None,
    everything: bool,
) -> Filter:
    """The filter of these options. Raises: Exit, ValueError: every fault at once, each naming its option."""
    if source is not None:
        known_source(settings, source)
    given = {
        "source": source,
        "batch": batch,
        "risk": list(risk) or None,
        "channel": list(channel) or None,
        "region": region,
        "since": instant("--since", since),
        "until": instant("--until", until),
        "case": None if case is None else str(case),
        "hold": None if hold is None else str(hold),
    }
    try:
        wanted = read_filter(given)
    except FilterWrong as wrong:
        lines = [f"--{fault.field.removeprefix('filter.')} {fault.message}" for fault in wrong.faults]
        raise ValueError("\n".join(lines)) from wrong
    if wanted.is_empty and not everything:
        raise fail("nothing is named, so that every waiting dispatch would be meant; name something, or say --all")
    if everything and not wanted.is_empty:
        raise fail("--all means every waiting dispatch; leave it out where something is named")
    return wanted


def known_source(settings: Settings, source: str) -> None:
    """Raises: ValueError: no such upstream; a slip of the pen must not look like an empty result."""
    known = (*SOURCES, *settings.sources)
    if source not in known:
        raise ValueError(f"the source must be one of: {', '.join(known)}")


def instant(option: str, text: str | None) -> str | None:
    """An instant as ISO 8601: given so, as a day, or as an hour of today; Shanghai's where no offset is told."""
    if text is None:
        return None
    try:
        if ":" in text and "-" not in text and "+" not in text:
            when = datetime.combine(datetime.now(LOCAL).date(), time.fromisoformat(text))
        else:
            when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option} must be an instant such as 2026-01-31T03:00, or an hour of today: 03:00") from None
    return (when if when.tzinfo is not None else when.replace(tzinfo=LOCAL)).astimezone(UTC).isoformat()


def why(reason: str) -> str:
    """The operator's reason, as it may stand in timelines. Raises: ValueError."""
    trimmed = reason.strip()
    if not trimmed or len(trimmed) > 100 or not trimmed.isprintable():
        raise ValueError("--reason must be a sentence of 1 to 100 characters: it stands in every timeline")
    if holds_persons_number(trimmed):
        raise ValueError(f"--reason {NO_PERSON_IN_WORDS}")
    return trimmed


def tell(counted: Counted) -> None:
    """What is meant, by channel and level, and what waiting costs these people."""
    for channel, levels in counted.waiting.items():
        out.print(f"  {channel:6}" + " · ".join(f"{level} {told(number)}" for level, number in levels.items()))
    out.print(
        f"{told(counted.total)} waiting dispatches of {told(counted.cases)} cases, {told(counted.held)} held already"
    )
    if counted.not_stopped:
        out.print(f"not stopped: {told(counted.not_stopped)} of the same cases that are underway or handed over")
    out.print(f"promised times of these people: {told(counted.late)} past, {told(counted.late_soon)} within the hour")


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless --yes. Raises: Exit: no."""
    if not yes and not typer.confirm(question, err=True):
        raise fail("nothing was done", code=1)
