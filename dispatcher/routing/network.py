"""The carriers of a deployment as routing, settling and news see them: one value, made from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.carriers.file import SIMULATOR, Carriers
from config.carriers.outcomes import NOT_FINAL
from config.carriers.routes import LEVELS, Route
from dispatcher.carriers import LANGUAGES, language_for
from dispatcher.carriers.language import Language
from dispatcher.routing.way import Way
from dispatcher.tokens import Limit
from dispatcher.words import Channel, Outcome, Risk


@dataclass(frozen=True, slots=True)
class Network:
    """The ways by (carrier, channel); the route of each channel and level; what each carrier's codes mean.

    `guarded`: each letter is dealt a carrier, and those that fail are passed by. Not so where the simulator is all
    there is: nothing is to be chosen, and a claim costs no statement more.
    """

    ways: Mapping[tuple[str, Channel], Way]
    routes: Mapping[tuple[Channel, Risk], Route]
    languages: Mapping[str, Language]
    codes: Mapping[str, Mapping[str, Outcome | None]] = field(default_factory=dict)
    guarded: bool = False

    def way(self, carrier: str, channel: Channel) -> Way:
        """Raises: KeyError: no route goes by it."""
        return self.ways[carrier, channel]

    def only(self, channel: Channel) -> Way:
        """The carrier of a network that has one for each channel and is not guarded: there is nothing to choose."""
        (name,) = self.routes[channel, Risk.L1].carriers
        return self.ways[name, channel]

    def meaning(self, carrier: str, code: str) -> Outcome | None:
        """What a carrier's code means; None when it is not final. A code that no table has is `unknown`."""
        overridden = self.codes.get(carrier, {})
        if code in overridden:
            return overridden[code]
        language = self.languages.get(carrier)
        return Outcome.UNKNOWN if language is None else language.codes.get(code, Outcome.UNKNOWN)

    def is_named_by_carrier(self, carrier: str) -> bool:
        """Whether its news may repeat only its own name for a try."""
        language = self.languages.get(carrier)
        return language is not None and language.by_carrier_ref

    @property
    def has_names(self) -> bool:
        """Whether any carrier is such a one."""
        return any(language.by_carrier_ref for language in self.languages.values())

    def polls(self, carrier: str) -> bool:
        """Whether it has no callbacks and is asked how each try ended."""
        language = self.languages.get(carrier)
        return language is not None and language.polls

    def passed_over(self, dispatch: Mapping[str, Any], carrier: str) -> str | None:
        """The carriers that have failed this try of a dispatch, by commas, once `carrier` has too; None: the route has
        no other, or it came back to one that had failed it. `dispatch` has channel, risk and passed_over."""
        route = self.routes.get((Channel(dispatch["channel"]), Risk(dispatch["risk"])))
        failed = (dispatch["passed_over"] or "").split(",") if dispatch["passed_over"] else []
        if carrier in failed:
            return None
        failed = [*failed, carrier]
        if route is None or all(name in failed for name in route.carriers):
            return None
        return ",".join(failed)


def network_of(carriers: Carriers) -> Network:
    """The network that a configuration describes.

    Raises: KeyError: a kind whose language is not among `dispatcher.carriers.LANGUAGES`: a fault of the program.
    """
    ways = {}
    for section in carriers.sections:
        limit = Limit(section.per_s) if section.per_s > 0 else None
        channel = Channel(section.channel)
        way = Way(section.name, channel, section.live, limit, section.windows, section.slow_s)
        ways[section.name, channel] = way
    return Network(
        ways=ways,
        routes={
            (Channel(channel), Risk(level)): route
            for channel, levels in carriers.routes.items()
            for level, route in levels.items()
        },
        languages={section.name: language_for(section) for section in carriers.sections},
        codes={
            section.name: {
                code: None if outcome == NOT_FINAL else Outcome(outcome) for code, outcome in section.codes.items()
            }
            for section in carriers.sections
            if section.codes
        },
        guarded=carriers.named,
    )


SIMULATED = Network(
    ways={(SIMULATOR, channel): Way(SIMULATOR, channel) for channel in (Channel.SMS, Channel.CALL)},
    routes={(channel, Risk(level)): Route((SIMULATOR,)) for channel in (Channel.SMS, Channel.CALL) for level in LEVELS},
    languages={SIMULATOR: LANGUAGES["simulator_call"]},
)
"""The simulator alone, as where no carriers file is named; whoever is told of no network takes this one."""
