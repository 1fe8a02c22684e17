"""What a connection may ask of the folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DELETE = "delete"
SET_ASIDE = "set-aside"


@dataclass(frozen=True)
class Options:
    """How one connection uses the folder; two connections of a process may differ in all but the folder.

    `durable`: a publish returns only after file and folder reached the disk.
    `tend_every_s`: seconds between two rounds of housekeeping, > 0.
    `rejected`: what becomes of a message refused without requeue.
    """

    folder: Path
    durable: bool = False
    tend_every_s: float = 3.0
    rejected: str = SET_ASIDE


def read_options(given: Mapping[str, Any]) -> Options:
    """The options of `transport_options`, with every fault named at once.

    Raises: ValueError: mend the configuration.
    """
    faults = []
    folder = given.get("folder")
    if not isinstance(folder, str | Path) or not str(folder):
        faults.append("folder: name the folder that holds the queues")
    durable = given.get("durable", False)
    if not isinstance(durable, bool):
        faults.append("durable: true or false")
    every = given.get("tend_every_s", 3.0)
    if isinstance(every, bool) or not isinstance(every, int | float) or not every > 0:
        faults.append("tend_every_s: seconds, > 0")
    rejected = given.get("rejected", SET_ASIDE)
    if rejected not in (DELETE, SET_ASIDE):
        faults.append(f"rejected: {DELETE!r} or {SET_ASIDE!r}")
    if faults:
        raise ValueError("transport_options: " + "; ".join(faults))
    return Options(Path(str(folder)).absolute(), durable, float(every), rejected)
