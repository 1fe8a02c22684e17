"""Which carriers a channel's letters go by, at each level: in order, or shared out by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEVELS = ("L1", "L2", "L3", "L4")
ALL = "all"
MOST = 8
"""Carriers in one route: more would hide a mistake, and those that failed are remembered on the dispatch."""


@dataclass(frozen=True, slots=True)
class Route:
    """Carriers by name, 1 .. 8. Without `weights` the first that can takes it; with them each has its share."""

    carriers: tuple[str, ...]
    weights: tuple[float, ...] = ()


def read_route(told: Any, where: str, channels: Mapping[str, str]) -> tuple[Route | None, list[str]]:
    """One level's route, or what is wrong with it. `channels`: the channel of every carrier of the file, by name."""
    channel = where.split(".")[1]
    if not (isinstance(told, list) and told):
        return None, [f"{where}: must be a list of carriers' names, or of {{ carrier, weight }}"]
    if len(told) > MOST:
        return None, [f"{where}: may name {MOST} carriers at most"]
    weighted = isinstance(told[0], dict)
    names: list[str] = []
    weights: list[float] = []
    faults: list[str] = []
    for number, leg in enumerate(told):
        here = f"{where}[{number}]"
        match leg:
            case str() if not weighted:
                names.append(leg)
            case {"carrier": str(name), "weight": int() | float() as weight, **rest} if weighted and not rest:
                names.append(name)
                weights.append(float(weight))
                if isinstance(weight, bool) or not 0 < weight <= 1_000_000:
                    faults.append(f"{here}.weight: must be a number above 0")
            case _:
                faults.append(f"{here}: all of a list are names, or all are {{ carrier = NAME, weight = NUMBER }}")
    for name in dict.fromkeys(names):
        if name not in channels:
            faults.append(f"{where}: there is no carrier of that name: {name}")
        elif channels[name] != channel:
            faults.append(f"{where}: {name} is a carrier of the channel {channels[name]}")
        if names.count(name) > 1:
            faults.append(f"{where}: {name} is named twice")
    return (None, faults) if faults else (Route(tuple(names), tuple(weights)), [])


def read_routes(told: Any, channels: Mapping[str, str]) -> tuple[dict[str, dict[str, Route]], list[str]]:
    """The route of every channel and level; a sentence for each that is missing or wrong."""
    if not isinstance(told, dict):
        return {}, ["route: must be tables, [route.sms] and [route.call]"]
    faults = [f"route.{channel}: is no channel; there are sms and call" for channel in told.keys() - {"sms", "call"}]
    routes: dict[str, dict[str, Route]] = {}
    for channel in ("sms", "call"):
        levels = told.get(channel)
        if not isinstance(levels, dict) or not levels:
            faults.append(f'route.{channel}: is missing; say at least all = ["a carrier"]')
            continue
        read: dict[str, Route | None] = {}
        for level, legs in levels.items():
            if level not in (*LEVELS, ALL):
                faults.append(f"route.{channel}.{level}: is no level; there are {', '.join(LEVELS)} and {ALL}")
                continue
            read[level], wrong = read_route(legs, f"route.{channel}.{level}", channels)
            faults += wrong
        if without := [level for level in LEVELS if level not in read and ALL not in read]:
            faults.append(f"route.{channel}: has none for {', '.join(without)}; name them, or say {ALL}")
        chosen = {level: read.get(level, read.get(ALL)) for level in LEVELS}
        routes[channel] = {level: route for level, route in chosen.items() if route is not None}
    return routes, faults
