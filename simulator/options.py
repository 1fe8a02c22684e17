"""The command line and environment, read into one Simulation; all that is wrong is told at once.

Secrets come by the environment alone, since anybody on the machine can read a command line:
QUANZU_SIMULATOR_SECRET, QUANZU_SIMULATOR_CALLER_KEYS and QUANZU_SIMULATOR_OFFICER_KEYS (comma between keys).
The simulated vendors know one account, QUANZU_SIMULATOR_ID ("sim"), with that secret. Those whose requests name no
callback push to QUANZU_SIMULATOR_ALIYUN_CALLBACK, …_ALIYUN_VOICE_CALLBACK, …_TENCENT_CALLBACK and
…_TENCENT_VOICE_CALLBACK.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path

from simulator import numbers
from simulator.faults import MILD, FaultsUnreadable, parse_faults
from simulator.simulation import Simulation, Span

EXAMPLE = """example:
  QUANZU_SIMULATOR_SECRET=made-up python -m simulator --port 8020 --seed 7 \\
      --faults hang=0.01,drop=0.002,twice=0.05 --ledger town.jsonl
"""


class OptionsWrong(ValueError):
    """The options cannot be used; `faults` names every one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m simulator`."""
    plain = Simulation()
    the = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A carrier and a town, over the wire only. Nobody real is ever contacted.",
        epilog=f"{EXAMPLE}\nenvironment and numbers:\n{(__doc__ or '').split(chr(10), 2)[2]}\n{numbers.table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = the.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    add("--port", default="8020", help="port to listen on, 0 for any free one (8020)")
    add("--seed", default=str(plain.seed), help="the town is the same for the same seed (1)")
    add("--ledger", help="file of the ledger, made or continued; without it the ledger is kept in memory")
    add("--askable", action=argparse.BooleanOptionalAction, default=True, help="serve POST /ask (yes)")
    add("--faults", default="mild", help="mild, none, or shares such as hang=0.01,drop=0.002; the rest is 0")
    add("--digits", action=argparse.BooleanOptionalAction, default=True, help="last four digits decide (yes)")
    add("--at-once", action="store_true", help="no pace, no fault: for benchmarks")
    add("--limits", action=argparse.BooleanOptionalAction, default=True, help="vendors' limits per person (yes)")
    add("--push-again-s", metavar="A,B,…", default="60,300,600", help="when a vendor pushes again (%(default)s)")
    for name, what in SPANS.items():
        low, high = getattr(plain, name)
        add(_flag(name), metavar="LOW..HIGH", default=f"{low:g}..{high:g}", help=f"{what} (%(default)s)")
    for name, what in NUMBERS.items():
        add(_flag(name), metavar="X", default=f"{getattr(plain, name):g}", help=f"{what} (%(default)s)")
    add("--worklist", metavar="URL", help="base URL of the worklist API; without it nobody works")
    add("--numbers", action="store_true", help="print what the last four digits of a number mean, and end")
    return the


SPANS = {
    "answer_ms": "how long an answer takes",
    "slow_ms": "how long a slow answer takes",
    "news_ms": "how long after the effect news is told",
    "late_news_s": "how long after it late news is told",
    "poll_s": "pause between looks at the worklist, busy..idle",
}
NUMBERS = {
    "hang_s": "how long a hanging request says nothing",
    "late_accept_s": "how long after the drop a late one is accepted",
    "call_s": "how long a caller takes",
    "visit_s": "how long an officer takes",
    "hands": "tasks that one key does at a time",
    "news_most": "pieces of news in one callback at most",
    "news_posts": "callbacks that may be out at once",
    "ignore_share": "share of tasks that nobody ever acts on",
    "late_share": "share of tasks signed in too late",
    "never_report": "share of acts never reported",
}


def read_options(args: argparse.Namespace, env: Mapping[str, str]) -> tuple[Simulation, str, int]:
    """Simulation, host and port. Raises: OptionsWrong: with every fault at once."""
    wrong: list[str] = []
    faults = MILD
    try:
        faults = parse_faults(args.faults)
    except FaultsUnreadable as fault:
        wrong += str(fault).split("; ")
    numbers_read = {name: _number(name, getattr(args, name), wrong) for name in NUMBERS}
    spans = {name: _span(name, getattr(args, name), wrong) for name in SPANS}
    port = _whole("port", args.port, wrong)
    if not 0 <= port <= 65535:
        wrong.append(f"port: {port} is not between 0 and 65535")
    whole = {name: int(numbers_read.pop(name)) for name in ("hands", "news_most", "news_posts")}
    sim = Simulation(
        seed=_whole("seed", args.seed, wrong),
        secret=env.get("QUANZU_SIMULATOR_SECRET", ""),
        ledger=Path(args.ledger) if args.ledger else None,
        askable=args.askable,
        faults=faults,
        by_digits=args.digits,
        at_once=args.at_once,
        worklist=args.worklist,
        caller_keys=_keys(env, "QUANZU_SIMULATOR_CALLER_KEYS"),
        officer_keys=_keys(env, "QUANZU_SIMULATOR_OFFICER_KEYS"),
        push_again_s=_pauses("push_again_s", args.push_again_s, wrong),
        limits=args.limits,
    )
    sim = with_vendors(sim, env)
    sim = replace(sim, **numbers_read, **spans, **whole)  # type: ignore[arg-type]  # SPANS and NUMBERS name its fields
    wrong += sim.wrong()
    if wrong:
        raise OptionsWrong(wrong)
    return sim, args.host, port


PUSHED = ("aliyun", "aliyun-voice", "tencent", "tencent-voice")
"""The dialects whose requests name no callback: where they push is told beforehand."""


def with_vendors(sim: Simulation, env: Mapping[str, str]) -> Simulation:
    """The same with the simulated vendors' account and callbacks as the environment tells them."""
    told = {name: env.get(f"QUANZU_SIMULATOR_{name.upper().replace('-', '_')}_CALLBACK", "") for name in PUSHED}
    return replace(
        sim,
        vendor_id=env.get("QUANZU_SIMULATOR_ID") or sim.vendor_id,
        callbacks={name: address for name, address in told.items() if address},
    )


def read_command(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, split into its options. Exits with 2 on an unknown one."""
    return parser().parse_args(argv)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _keys(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in env.get(name, "").split(",") if key.strip())


def _number(name: str, text: str, wrong: list[str]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        wrong.append(f"{name}: {text!r} is not a number")
        return 1.0
    return number


def _pauses(name: str, text: str, wrong: list[str]) -> tuple[float, ...]:
    return tuple(_number(name, part, wrong) for part in text.split(",") if part.strip())


def _whole(name: str, text: str, wrong: list[str]) -> int:
    try:
        return int(text)
    except ValueError:
        wrong.append(f"{name}: {text!r} is not a whole number")
        return 1


def _span(name: str, text: str, wrong: list[str]) -> Span:
    low, _, high = text.partition("..")
    try:
        return float(low), float(high or low)
    except ValueError:
        wrong.append(f"{name}: {text!r} is not LOW..HIGH")
        return 1.0, 1.0
