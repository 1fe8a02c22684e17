"""The simulated carrier's sections: where it listens, how much one request carries, when it can be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.carriers.base import CarrierSettings


class SimulatedCarrier(CarrierSettings):
    """Both channels' fields. Nobody is ever contacted by it, so that it can never be `live`.

    `settling_s`: how long after a request it can be asked for a try; `askable` false: it cannot be asked at all.
    """

    live: Literal[False] = False
    base_url: str = "http://127.0.0.1:8497"
    askable: bool = True
    settling_s: float = Field(default=4.0, gt=0)
    batch: int = Field(default=100, ge=1, le=500)


class SimulatedTexts(SimulatedCarrier):
    """`kind = "simulator_sms"`."""

    kind: Literal["simulator_sms"] = "simulator_sms"
    channel: Literal["sms"] = "sms"


class SimulatedCalls(SimulatedCarrier):
    """`kind = "simulator_call"`."""

    kind: Literal["simulator_call"] = "simulator_call"
    channel: Literal["call"] = "call"
    batch: int = Field(default=25, ge=1, le=500)
