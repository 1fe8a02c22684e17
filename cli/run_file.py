"""`quanzu run FILE`: start everything, send the file, wait until every dispatch has ended, tell the figures."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.alert_files import read_alert_file
from cli.figures_page import print_figures
from cli.home import Home
from cli.parts import start_all
from cli.progress import Progress
from cli.publish import Publisher, made_live
from cli.say import err, out, told
from cli.watch import Standing, standing
from config.policy import load_policy
from dispatcher import figures

LOOK_S = 1.0
AS_FAST_PER_S = 1000.0
"""About what a publisher manages; live alerts are stamped at this pace when none is wished."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a run is to go: as if pushed now, how many refusals are expected, when to send again, when to give up.

    `per_s`: alerts sent a second; 0 is as fast as it goes.
    """

    live: bool
    expect_refused: int
    resend_after_s: float
    give_up_after_s: float
    per_s: float = 0.0
    simulator: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run; it went well when nothing is lost, refusals are as expected, and everything ended."""

    sent: int
    accepted: int
    refused: int
    lost: int
    unended: int
    as_wished: bool


def run_file(home: Home, file: Path, wishes: Wishes) -> Outcome:
    """Run it. KeyboardInterrupt: everything is stopped in order; the next start goes on where this one was."""
    bodies = list(_bodies(file))
    if wishes.live:
        bodies = list(made_live(bodies, _began(home, file), per_s=wishes.per_s or AS_FAST_PER_S))
    out.print(f"starting workers, web and simulator (policy: {home.settings.policy}) …")
    house = start_all(home, simulator=wishes.simulator)
    try:
        publisher, last = _follow(home, bodies, wishes)
    except KeyboardInterrupt:
        err.print("stopping; everything accepted is kept, and the next start finishes it")
        raise
    finally:
        house.stop(lambda line: err.print(line))
    return _judge(home, publisher, last, wishes)


def _follow(home: Home, bodies: list[bytes], wishes: Wishes) -> tuple[Publisher, Standing]:
    publisher = Publisher(home.settings, home.store)
    began = looked = time.monotonic()
    sent = 0
    with Progress(out, len(bodies)) as progress:
        for sent in publisher.send(bodies):
            _keep_pace(sent, wishes.per_s, began)
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                progress.show(sent, publisher.look(), standing(home.store, now=datetime.now(UTC)))
        while True:
            answers = publisher.look()
            now_standing = standing(home.store, now=datetime.now(UTC))
            progress.show(sent, answers, now_standing)
            if not answers.waiting and now_standing.quiet:
                return publisher, now_standing
            if time.monotonic() - began > wishes.give_up_after_s:
                return publisher, now_standing
            publisher.resend(wishes.resend_after_s)
            time.sleep(LOOK_S)


def _keep_pace(sent: int, per_s: float, began: float) -> None:
    """Wait until this many alerts may be out."""
    if per_s > 0 and (ahead_s := began + sent / per_s - time.monotonic()) > 0:
        time.sleep(ahead_s)


def _judge(home: Home, publisher: Publisher, last: Standing, wishes: Wishes) -> Outcome:
    answers = publisher.look()
    policy = load_policy(home.settings.policy)
    now = datetime.now(UTC)
    with home.store.read() as connection:
        counted = figures.figures(connection, figures.Scope(), on_time_push_s=policy.on_time_push_s, now=now)
    print_figures(out, counted)
    lost, unended = len(answers.waiting), last.total - last.ended
    out.print(
        f"\n{told(answers.sent)} alerts sent: {told(answers.accepted)} accepted, {told(answers.refused)} refused "
        f"({told(wishes.expect_refused)} expected), {told(answers.resent)} sent again, {told(lost)} lost; "
        f"{told(unended)} dispatches have not ended"
    )
    as_wished = lost == 0 and unended == 0 and answers.refused == wishes.expect_refused
    return Outcome(answers.sent, answers.accepted, answers.refused, lost, unended, as_wished)


def _bodies(file: Path) -> Iterator[bytes]:
    """Each line as a message: what cannot be read is sent as it is, so that it is refused and kept."""
    with file.open("rb") as stream:
        for line in read_alert_file(stream, file.name):
            if line.raw is not None:
                yield line.raw
            elif line.value is not None:
                yield json.dumps(line.value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _began(home: Home, file: Path) -> datetime:
    """When this file was first sent from this home: a run that was broken off sends the very same alerts again."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    note = home.settings.home.resolve() / "runs" / f"{digest}.json"
    if not note.exists():
        note.write_text(json.dumps({"began": datetime.now(UTC).isoformat()}))
    return datetime.fromisoformat(json.loads(note.read_text())["began"])
