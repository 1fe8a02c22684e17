"""What workers count, one line where it happens; nothing at all until `begin` says where to.

Commands that are no server (`quanzu stats`) and most tests never begin, and pay a comparison.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from dispatcher import measures
from dispatcher.bells import Bell
from dispatcher.intake import Result, Status
from dispatcher.measures import Measure
from dispatcher.settle import Settlement
from dispatcher.words import Answer, Channel
from workers.names import LANES
from workers.tally import Tally

DOORS = ("queue", "task", "api")
WORKLIST = ("worklist", "assigned")

_tally: Tally | None = None


def begin(home: Path) -> Tally:
    """Count from now on, in files of this home. Before any fork; children go on in files of their own."""
    global _tally
    _tally = Tally(home)
    for measure, labels in _from_nothing():
        _tally.add(measure, labels, 0)
    return _tally


def _from_nothing() -> Iterator[tuple[Measure, tuple[str, ...]]]:
    """What alarms ask the rise of: a count that is first told at 50 has never risen, as Prometheus sees it."""
    for measure in (measures.LEASES, measures.VOID, measures.UNSETTLED):
        yield measure, ()
    for door in DOORS:
        for status in Status:
            yield measures.ALERTS, (door, status.value)
    for lane in LANES:
        for result in ("sent", "lost"):
            yield measures.BELLS, (lane, result)
    for result in ("done", "failed"):
        yield measures.SWEEPS, (result,)
    for result in ("taken", "lost"):
        yield measures.PROBES, (result,)
    for to in ("broker", "database"):
        yield measures.RECONNECTIONS, (to,)


def end() -> None:
    """Count no more."""
    global _tally
    _tally = None


def tally() -> Tally | None:
    """Where this process counts; None: it does not."""
    return _tally


def accepted(door: str, results: Sequence[Result], begun: datetime) -> None:
    """A batch of alerts was answered and committed."""
    if _tally is not None:
        for status, many in Counter(result.status.value for result in results).items():
            _tally.add(measures.ALERTS, (door, status), many)
        _tally.observe(measures.BATCH, (door,), (len(results),))
        _tally.observe(measures.INTAKE, (door,), ((datetime.now(UTC) - begun).total_seconds(),))


def claimed(channel: Channel, letters: int, assigned: int) -> None:
    """A worker became the owner of these; those of people are on a worklist now."""
    if _tally is not None:
        if letters:
            _tally.add(measures.CLAIMS, (channel.value,), letters)
        if assigned:
            _tally.add(measures.DISPATCHES, (channel.value, *WORKLIST), assigned)


def requested(carrier: str, channel: Channel, took_s: float) -> None:
    """A carrier answered one request, or let it run out."""
    if _tally is not None:
        _tally.observe(measures.CARRIER, (carrier, channel.value), (took_s,))


def our_fault(carrier: str) -> None:
    """A carrier refused a request for something that we must mend."""
    if _tally is not None:
        _tally.add(measures.OUR_FAULT, (carrier,))


def settled(batch: Sequence[Settlement], counted: int) -> None:
    """Answers were written; those beyond `counted` had lost their lease."""
    if _tally is None:
        return
    answers = Counter((item.letter.channel.value, item.letter.carrier, item.answer.answer.value) for item in batch)
    for labels, many in answers.items():
        _tally.add(measures.DISPATCHES, labels, many)
    if counted < len(batch):
        _tally.add(measures.VOID, amount=len(batch) - counted)
    took_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    for item in batch:
        letter = item.letter
        if item.answer.answer is Answer.ACCEPTED and letter.planned_at is not None:
            took_s[letter.risk, letter.channel.value].append((item.at - letter.planned_at).total_seconds())
    for level_and_channel, seconds in took_s.items():
        _tally.observe(measures.HANDED_OVER, level_and_channel, seconds)


def unsettled() -> None:
    """A batch of answers could not be written this time."""
    if _tally is not None:
        _tally.add(measures.UNSETTLED)


def acted(duty: str, many: int) -> None:
    """The clock did a duty on so many rows."""
    if _tally is not None and many:
        _tally.add(measures.DUTIES, (duty,), many)
        if duty == "free_leases":
            _tally.add(measures.LEASES, amount=many)


def swept(result: str, took_s: float | None = None) -> None:
    """The clock's turn ended: `done` or `failed`."""
    if _tally is not None:
        _tally.add(measures.SWEEPS, (result,))
        if took_s is not None:
            _tally.observe(measures.SWEEP, (), (took_s,))


def received(fate: str, many: int) -> None:
    """News from carriers was `kept`, `placed`, or is `early`."""
    if _tally is not None and many:
        _tally.add(measures.RECEIPTS, (fate,), many)


def fetched(carrier: str, many: int) -> None:
    """News of tries was asked for, of a carrier that tells none by itself."""
    if _tally is not None:
        _tally.add(measures.NEWS_CAME, (carrier, "asked"), many)


def probed(result: str) -> None:
    """The broker was asked whether it takes messages: `taken`, or `lost`."""
    if _tally is not None:
        _tally.add(measures.PROBES, (result,))


def rang(lane: str, result: str, many: int) -> None:
    """Bells were `sent`, or `lost`."""
    if _tally is not None:
        _tally.add(measures.BELLS, (lane, result), many)


def unrouted(fate: str, many: int) -> None:
    """Outcomes for which no queue was bound were `kept`, `given_up`, or are for `nobody`."""
    if _tally is not None and many:
        _tally.add(measures.UNROUTED, (fate,), many)


def dropped(bells: Iterable[Bell]) -> None:
    """Bells were dropped, since the relay was full."""
    for lane, many in Counter(bell.lane for bell in bells).items():
        rang(lane, "lost", many)


def reconnected(to: str) -> None:
    """A connection to the `broker` or the `database` has to be made anew."""
    if _tally is not None:
        _tally.add(measures.RECONNECTIONS, (to,))
