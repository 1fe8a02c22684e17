"""What the doors need of the house: memory, intake, the bell, and the carriers' secrets. cli hands it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dispatcher.bells import Ring
from dispatcher.intake import Intake
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.store import Store
from dispatcher.traces import Tell
from web.correspondents import Correspondent
from web.meters import Meters, Uncounted


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """Everything the doors use; `ring` is the port to the broker, `ready` says what is not (empty: all is).

    `correspondents` are the carriers that call back, by name, at `public_url`; `network` says what their codes mean.
    `warnings` says what is amiss though alerts are kept; `meters` is where doors count, and `tell` where traces go;
    `closing` is called when the doors close.
    `secure`: people come by HTTPS, so that cookies never travel otherwise.
    """

    store: Store
    intake: Intake
    ring: Ring
    secrets: Mapping[str, str] = field(repr=False)
    correspondents: Mapping[str, Correspondent] = field(default_factory=dict)
    public_url: str = ""
    network: Network = SIMULATED
    ready: Callable[[], list[str]] = list
    warnings: Callable[[], list[str]] = list
    tell: Tell | None = None
    closing: Callable[[], object] = bool
    meters: Meters = field(default_factory=Uncounted)
    now: Callable[[], datetime] = utc_now
    secure: bool = False
