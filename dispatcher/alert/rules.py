"""What a deployment decides about alerts: its regions, its upstreams, its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.faults import ConfigurationFault
from config.regions import Regions
from dispatcher.upstreams.messages import routing_key
from dispatcher.words import SOURCES


@dataclass(frozen=True, slots=True)
class Rules:
    """By what an alert is judged.

    Args:
        regions: today's codes and the old ones that lead to them.
        home_region: where an alert belongs that tells no region: the upstream's own area; a known code.
        sources: the upstreams that may speak.
        max_bytes: longest body that is looked at, > 0.
        oldest: how long ago a time may lie.
        ahead: how far another clock may run before ours.
    """

    regions: Regions
    home_region: str = "140000"
    sources: frozenset[str] = frozenset(SOURCES)
    max_bytes: int = 65_536
    oldest: timedelta = timedelta(days=366)
    ahead: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        """Raises: ConfigurationFault: the home region is no code of today, or two sources would be told as one."""
        faults = _told_as_one(self.sources)
        if not self.regions.known(self.home_region):
            faults.append("QUANZU_HOME_REGION: must be one of the region table's codes of today")
        if faults:
            raise ConfigurationFault(faults)

    @classmethod
    def shipped(cls, more_sources: Sequence[str] = (), home_region: str = "140000") -> "Rules":
        """The rules that come with the package, with a deployment's own upstreams and area.

        Raises: ConfigurationFault: the home region is no code of today, two sources would be told as one, or the region
            tables are broken.
        """
        return cls(Regions.load(), home_region, frozenset((*SOURCES, *more_sources)))


def _told_as_one(sources: frozenset[str]) -> list[str]:
    """A fault for each key that two sources share: each would read what the other's alerts came to."""
    by_key = {routing_key(None): ["what nobody known sent"]}
    for source in sorted(sources):
        by_key.setdefault(routing_key(source), []).append(source)
    return [
        f"QUANZU_SOURCES: {' and '.join(names)} would be told on one routing key, {key}: rename yours"
        for key, names in by_key.items()
        if len(names) > 1
    ]
