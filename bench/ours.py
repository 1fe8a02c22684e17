"""Our own processes on PostgreSQL and RabbitMQ, as `quanzu up` starts them, with a carrier beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.started import Town, consumed
from cli.home import prepare
from cli.parts import environment, parts, with_free_ports
from cli.supervise import House
from config.settings import load_settings

POLICY = Path(__file__).parent / "policy.toml"
QUEUES = (
    "alerts.urgent",
    "alerts.routine",
    *(f"dispatch.{channel}.{lane}" for channel in ("sms", "call") for lane in ("urgent", "routine")),
)


@contextmanager
def our_design(
    folder: Path, database: str, broker: str, carrier: Town, batch: int
) -> Iterator[Callable[[], dict[str, int]]]:
    """Everything at work on empty servers, `batch` letters a request; what tells the present process ids by name."""
    wishes = {
        "home": folder / "home",
        "database_url": database,
        "broker_url": broker,
        "policy": str(POLICY),
        "sms_batch": batch,
        "call_batch": batch,
        "simulator_url": carrier.url,
        "simulator_secret": carrier.secret,
        "log_level": "WARNING",
    }
    home = prepare(with_free_ports(load_settings(wishes)))
    house = House(home.settings)
    ours = {name: words for name, words in parts(()).items() if name != "simulator"}
    house.start(ours, lambda: environment(home) | {"QUANZU_SIMULATOR_SECRET": carrier.secret})
    home.store.close()
    try:
        consumed(broker, QUEUES, folder)
        yield lambda: {child.name: child.process.pid for child in house.children if child.process}
    finally:
        house.stop()
