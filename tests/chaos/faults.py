"""The hand that does what the schedule says, and tells the recovery when each fault has ended."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .house import House
from .proxy import Proxy
from .recovery import LANE_OF, Recovery
from .schedule import KILLS, Fault, Kind
from .servers import OwnPostgres, OwnRabbit

SERVERS = ("broker", "database", "simulator")
SLOW_WAIT_S = 0.05
SLOW_BYTES_PER_S = 200_000.0

Say = Callable[[str], None]


@dataclass(slots=True)
class Town:
    """What can be hurt."""

    house: House
    postgres: OwnPostgres
    rabbit: OwnRabbit
    proxies: dict[str, Proxy]
    recovery: Recovery


@dataclass(slots=True)
class Hand:
    """Does each fault at its time, so that they overlap as they do in life; a server has one fault at a time."""

    town: Town
    say: Say
    done: Counter[Kind] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    _beside: list[threading.Thread] = field(default_factory=list)
    _servers: dict[str, threading.Lock] = field(default_factory=lambda: {one: threading.Lock() for one in SERVERS})
    _children: int = 0

    def follow(self, schedule: list[Fault], began: float) -> None:
        """All of the schedule; returns when the last fault has ended."""
        for fault in schedule:
            time.sleep(max(0.0, began + fault.at_s - time.monotonic()))
            self.say(f"{time.monotonic() - began:6.1f} s  {_told(fault)}")
            thread = threading.Thread(target=self._do, args=(fault,), daemon=True)
            thread.start()
            self._beside.append(thread)
        for thread in self._beside:
            thread.join()

    @property
    def kills(self) -> int:
        """How many processes were killed or told to stop."""
        return sum(self.done[kind] for kind in KILLS)

    def _do(self, fault: Fault) -> None:
        try:
            if fault.kind in KILLS:
                self._kill(fault)
            elif fault.kind is Kind.FREEZE:
                self._freeze(fault)
            else:
                with self._servers[fault.target]:
                    self._disturb(fault)
            self.done[fault.kind] += 1
        except Exception as trouble:  # told in the verdict: a fault that was not done is no test passed
            self.troubles.append(f"{_told(fault)}: {type(trouble).__name__}: {trouble}")

    def _kill(self, fault: Fault) -> None:
        house, recovery = self.town.house, self.town.recovery
        if fault.kind is Kind.KILL_CHILD:
            self._children += 1
            pid, owners = house.strike_child(fault.target, signal.SIGKILL, self._children)
        else:
            number = signal.SIGTERM if fault.kind is Kind.TERM else signal.SIGKILL
            pid, owners = house.strike(fault.target, number, whole=fault.kind is Kind.KILL_ALL)
        if not pid:
            # it was away already, from the fault before: nothing more can be done to it
            until_back = house.parts[fault.target].starts
            while house.parts[fault.target].starts == until_back:
                time.sleep(0.05)
            self._kill(fault)
            return
        whole = pid == house.parts[fault.target].pid
        work = recovery.touched(owners)
        since = house.await_successor(fault.target, pid) if whole else time.monotonic()
        if whole and fault.target in LANE_OF:
            # told to stop, it may have taken more until it ended: what is its own was settled or is among these
            work |= recovery.touched(owners, LANE_OF[fault.target])
        recovery.follow(_told(fault), work, since=since)

    def _freeze(self, fault: Fault) -> None:
        recovery = self.town.recovery
        owners = self.town.house.freeze(fault.target)
        # whoever is frozen keeps nobody waiting: his work must come back though he has not
        recovery.follow(_told(fault), recovery.touched(owners), since=time.monotonic())
        time.sleep(fault.length_s)
        self.town.house.freeze(fault.target, thaw=True)
        recovery.follow(f"{_told(fault)}, thawed", recovery.touched([], LANE_OF.get(fault.target)))

    def _disturb(self, fault: Fault) -> None:
        town = self.town
        match fault.kind:
            case Kind.BROKER_RESTART:
                town.rabbit.restart("fast" if fault.how == "fast" else "immediate", down_s=fault.length_s)
            case Kind.BROKER_WIPE:
                town.rabbit.wipe(down_s=fault.length_s)
            case Kind.DATABASE_RESTART:
                town.postgres.restart("fast" if fault.how == "fast" else "immediate", down_s=fault.length_s)
            case Kind.HANG:
                town.house.freeze(fault.target)
                time.sleep(fault.length_s)
                town.house.freeze(fault.target, thaw=True)
            case _:
                _misbehave(town.proxies[fault.target], fault)
                time.sleep(fault.length_s)
        town.recovery.follow(_told(fault), town.recovery.touched(None))


def _misbehave(proxy: Proxy, fault: Fault) -> None:
    match fault.kind:
        case Kind.CUT:
            proxy.cut()
        case Kind.REFUSE:
            proxy.refuse(fault.length_s)
        case Kind.SWALLOW:
            proxy.swallow(fault.length_s)
        case Kind.SLOW:
            proxy.slow(fault.length_s, SLOW_WAIT_S, SLOW_BYTES_PER_S)


def _told(fault: Fault) -> str:
    how = f", {fault.how}" if fault.how else ""
    length = f", {fault.length_s:.1f} s" if fault.length_s else ""
    return f"{fault.kind}: {fault.target}{how}{length}"
