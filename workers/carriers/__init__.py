"""The carriers' wires: one file a carrier, one small interface.

WIRES is the table of kinds: one line a kind, as in `config/carriers/kinds.py` and `dispatcher/carriers/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from config.carriers import CarrierSettings
from config.carriers.file import Carriers
from dispatcher.words import Channel
from workers.carriers.aliyun import AliyunSms, AliyunVoice
from workers.carriers.generic import HttpCarrier
from workers.carriers.interface import Carrier
from workers.carriers.kannel import KannelCarrier
from workers.carriers.simulator import SimulatorCarrier
from workers.carriers.tencent import TencentSms, TencentVoice
from workers.carriers.twilio import TwilioCarrier

WIRES: Mapping[str, Callable[..., Carrier]] = {
    "simulator_sms": SimulatorCarrier,
    "simulator_call": SimulatorCarrier,
    "twilio_sms": TwilioCarrier,
    "twilio_voice": TwilioCarrier,
    "aliyun_sms": AliyunSms,
    "aliyun_voice": AliyunVoice,
    "tencent_sms": TencentSms,
    "tencent_voice": TencentVoice,
    "kannel": KannelCarrier,
    "http": HttpCarrier,
}
"""By kind; each is made as `Wire(section, client, callback=…)`."""


class Registry:
    """The carriers of a deployment, made. Each has a client of its own: one that hangs keeps no other's connections.

    Without a carriers file texts and calls go by two carriers of one name, the simulator.
    """

    def __init__(self, carriers: Carriers, client: Callable[[], httpx.AsyncClient], *, callback_base: str) -> None:
        self._made: dict[tuple[str, Channel], Carrier] = {}
        self._request_s: dict[str, float] = {}
        for section in carriers.sections:
            wire = WIRES[section.kind]
            made = wire(section, client(), callback=callback_of(section, callback_base))
            self._made[section.name, Channel(section.channel)] = made
            self._request_s[section.name] = section.request_timeout_s

    def __iter__(self) -> Iterator[Carrier]:
        return iter(self._made.values())

    def carrier(self, name: str, channel: Channel) -> Carrier:
        """Raises: KeyError: no section has that name and channel."""
        return self._made[name, channel]

    def smallest_batch(self, channel: Channel) -> int:
        """Of all carriers of a channel, what one request may carry at least."""
        return min(made.batch_of(channel) for (_, theirs), made in self._made.items() if theirs is channel)

    def named(self, name: str) -> Carrier | None:
        """Whom to ask for a try; None: the file has no such carrier any more."""
        return next((carrier for (known, _), carrier in self._made.items() if known == name), None)

    def ask_in(self, name: str) -> float | None:
        """See `dispatcher.clock.leases.AskIn`."""
        carrier = self.named(name)
        after_s = None if carrier is None else carrier.ask_after_s
        return None if after_s is None else after_s - self._request_s[name]


def callback_of(section: CarrierSettings, base: str) -> str:
    """The address of ours that this carrier calls, whole. It may hold a secret: never logged."""
    secret: Any = section.callback_secret
    tail = f"/{secret.get_secret_value()}" if secret is not None else ""
    return f"{base}/v1/receipts/{section.name}{tail}"


__all__ = ["WIRES", "Carrier", "Registry", "SimulatorCarrier", "callback_of"]
