"""The carriers that call back, as the doors know them: from the carriers file and its secrets."""

from __future__ import annotations

from collections.abc import Iterator

from cli.home import simulator_secret
from config.carriers import CarrierSettings
from config.carriers.file import Carriers
from config.carriers.simulator import SimulatedCarrier
from config.settings import Settings
from dispatcher.carriers import language_for
from web.correspondents import Correspondent


def correspondents_of(carriers: Carriers, settings: Settings) -> dict[str, Correspondent]:
    """By name. The simulator that is there without a carriers file has a door of its own, and is not among them."""
    return {section.name: _correspondent(section, settings) for section in carriers.sections if carriers.named}


def tellers(carriers: Carriers) -> Iterator[tuple[str, str]]:
    """Each carrier whose news is to come, and how: it is `told` by it, or `asked` for."""
    for section in carriers.sections:
        if section.calls_back:
            yield section.name, "told"
        elif language_for(section).polls:
            yield section.name, "asked"


def _correspondent(section: CarrierSettings, settings: Settings) -> Correspondent:
    signing = section.signing_secret
    if isinstance(section, SimulatedCarrier):
        signs_with = simulator_secret(settings)
    else:
        signs_with = "" if signing is None else signing.get_secret_value()
    address = section.callback_secret
    return Correspondent(
        language_for(section),
        secret="" if address is None else address.get_secret_value(),
        signing=signs_with,
        networks=section.callback_networks,
    )
