"""Now: what arrives, waits, runs out next and wants a decision, and how the carriers answer. It renews itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from fastapi.responses import Response

from dispatcher import watch
from dispatcher.health import LATELY, Health, health
from dispatcher.plan import LOCAL
from dispatcher.routing.breaker import State
from web.house import House
from web.pages.asking import Asking
from web.pages.charts import Bar, columns
from web.pages.rendering import html
from web.pages.words import say

RENEWED = timedelta(seconds=2)
"""Who looks at the same region within this time sees the same count: a wall of screens costs as much as one."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in a region, all in one steady view, at `at`."""

    at: datetime
    arrivals: watch.Arrivals
    lanes: list[watch.Waiting]
    promises: watch.Promises
    undecided: watch.ForASupervisor
    carriers: list[watch.CarrierStanding]
    health: Mapping[str, Health]

    def state(self, carrier: str) -> State:
        """Whether letters go to this carrier; nothing is known against one of which nothing is known."""
        known = self.health.get(carrier)
        return State.CLOSED if known is None else known.state

    @property
    def ailing(self) -> list[Health]:
        """Carriers that are passed by, being tried, or refuse us for a fault of ours: every region's business."""
        return [one for one in self.health.values() if one.state is not State.CLOSED or self.refuses_us(one)]

    def refuses_us(self, one: Health) -> bool:
        """Whether it lately refused us for what we must mend: a signature, a template, no money."""
        return one.our_fault_at is not None and self.at - one.our_fault_at < LATELY

    @property
    def due(self) -> int:
        """Dispatches that should have gone out by now."""
        return sum(lane.due for lane in self.lanes)

    @property
    def out(self) -> int:
        """Dispatches whose news or report is awaited."""
        return sum(lane.out for lane in self.lanes)


class Lookout:
    """The last sight of each region; one of a house."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[str, Sight] = {}

    def look(self, house: House, region: str, now: datetime) -> Sight:
        """What is to be seen, not older than `RENEWED`."""
        with self._lock:  # whoever comes meanwhile waits for the count that is being made
            last = self._seen.get(region)
            if last is not None and timedelta() <= now - last.at < RENEWED:
                return last
            with house.store.read() as connection:
                seen = Sight(
                    at=now,
                    arrivals=watch.arrivals(connection, region=region, now=now),
                    lanes=watch.waiting(connection, region=region, now=now),
                    promises=watch.promises(connection, region=region, now=now),
                    undecided=watch.undecided(connection, region=region),
                    carriers=watch.carriers(connection, region=region, now=now),
                    health={one.carrier: one for one in health(connection)},
                )
            self._seen[region] = seen
            return seen


def show(asking: Asking) -> Response:
    """The page, or only what renews itself."""
    lookout: Lookout = asking.request.app.state.lookout
    sight = lookout.look(asking.house, asking.region, asking.now)
    template = "now_live.html" if asking.live else "now.html"
    return html(asking, template, sight=sight, chart=_chart(asking, sight))


def _chart(asking: Asking, sight: Sight) -> object:
    bars = []
    for at, number in sight.arrivals.by_minute:
        clock = f"{at.astimezone(LOCAL):%H:%M}"
        bars.append(Bar(clock, number, say(asking.lang, "now.hour_each", at=clock, count=f"{number:,}")))
    return columns(bars, name=say(asking.lang, "now.hour"))
