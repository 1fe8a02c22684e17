"""One measurement from end to end: servers of its own, a carrier, a design, a warm-up, the alerts, the result."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.feed import feed
from bench.ours import our_design
from bench.plain.start import plain_design
from bench.processes import Watch, named
from bench.servers import Backends, own_servers
from bench.started import Town, last_words, town
from bench.work import Settled, Tables, make_alerts, settled
from cli.say import out

Design = Callable[[Path, str, str, Town], AbstractContextManager[Callable[[], dict[str, int]]]]

LOOK_S = 1.0
AT_EASE = 50
"""Looking counts rows, and takes PostgreSQL's time from what is measured: so many times as long as it took it waits."""
QUIET_S = 30.0
"""A run is given up when nothing more has ended for so long."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run came to. CPU seconds and memory by process; the broker is shared with whatever else uses it."""

    speed: Settled
    published_per_s: float
    cpu_s_per_1000: dict[str, float]
    cores_busy: float
    rss_mib: dict[str, float]
    largest_mib: dict[str, float]
    rows: dict[str, int]

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "speed": self.speed._asdict()}


def measure_ours(alerts: int, warm_up: int, *, batch: int, news_most: int) -> Measured:
    """Ours, with a carrier that takes `batch` letters a request and tells `news_most` pieces of news in a POST."""
    return _measure(
        lambda folder, database, broker, carrier: our_design(folder, database, broker, carrier, batch),
        alerts,
        warm_up,
        news_most=news_most,
        plain=False,
    )


def measure_plain(alerts: int, warm_up: int, *, concurrency: int, news_most: int) -> Measured:
    """The plain design, with so many worker processes; it sends one letter a request."""
    return _measure(
        lambda folder, database, broker, carrier: plain_design(folder, database, broker, carrier, concurrency),
        alerts,
        warm_up,
        news_most=news_most,
        plain=True,
    )


def _measure(design: Design, alerts: int, warm_up: int, *, news_most: int, plain: bool) -> Measured:
    with (
        tempfile.TemporaryDirectory(prefix="quanzu-bench-") as name,
        own_servers() as (database, broker),
        town(folder := Path(name), news_most=news_most) as carrier,
        design(folder, database, broker, carrier) as pids,
        feed(folder, broker, make_alerts(warm_up, seed=1), plain=plain) as first,
        feed(folder, broker, make_alerts(alerts, seed=2), plain=plain) as second,
    ):
        backends, kept = Backends(database), Tables(database)
        beside = {"simulator": carrier.pid, "publisher": second.pid}
        watch = Watch(
            lambda: {**pids(), **beside}, {"postgres": backends.pids, "rabbitmq (shared)": lambda: named("beam.smp")}
        )
        watch.start()
        try:
            first.go()
            wait_for_end(kept, warm_up)
            watch.mark()
            began = second.go()
            wait_for_end(kept, warm_up + alerts)
            used = watch.used_s()
            published = second.told()
            used["publisher"] = published["cpu_s"]
            speed = settled(alerts, began, kept.ends(began))
            if speed.left:
                out.print(
                    f"{speed.left} alerts were not settled; the logs end with:\n{last_words(folder)}", markup=False
                )
            return Measured(
                speed,
                round(alerts / published["published_s"], 1),
                {name: round(seconds / alerts * 1000, 3) for name, seconds in used.items()},
                round(sum(used.values()) / max(alerts / max(speed.per_s, 1e-6), 1e-6), 2),
                {name: round(mib, 1) for name, mib in watch.together.items()},
                {name: round(mib, 1) for name, mib in watch.largest.items()},
                kept.rows(),
            )
        finally:
            watch.end()
            backends.close()
            kept.close()


def wait_for_end(kept: Tables, alerts: int) -> None:
    """Until so many alerts are kept and every machine's dispatch has ended; or until nothing moves any more."""
    before, moved_at, look_s = (-1, -1), time.monotonic(), LOOK_S
    while True:
        time.sleep(look_s)
        asked_at = time.monotonic()
        now = kept.open_work()
        look_s = max(LOOK_S, AT_EASE * (time.monotonic() - asked_at))
        if now[0] >= alerts and now[1] == 0:
            return
        if now != before:
            before, moved_at = now, time.monotonic()
        elif time.monotonic() - moved_at > QUIET_S:
            return
