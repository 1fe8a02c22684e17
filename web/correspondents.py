"""Carriers as their door knows them: in which language each calls back, and how it is known that it is the carrier."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

from dispatcher.carriers.language import Callback, Language

Network = IPv4Network | IPv6Network


class Doubt(StrEnum):
    """Why a callback was not believed; a closed list, and the label of a metric."""

    UNKNOWN = "unknown"
    SECRET = "secret"  # noqa: S105  # a reason, no secret
    NETWORK = "network"
    SIGNATURE = "signature"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A carrier that calls back: its language, the secret of its address, what it signs with, from where it calls.

    Fails closed: without `signing` nothing that should be signed is believed; without a secret its door is not there,
    but for one that signs (a simulator of a rehearsal), at the address without a secret.
    """

    language: Language
    secret: str = field(repr=False)
    signing: str = field(default="", repr=False)
    networks: tuple[Network, ...] = ()

    def knows(self, source: str) -> bool:
        """Whether it calls from there; from anywhere where no networks are named. A source that is no address: no."""
        if not self.networks:
            return True
        try:
            address = ip_address(source.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def signed(self, callback: Callback) -> bool:
        """Whether its signature fits, where it signs."""
        honest = self.language.honest
        return honest is None or (self.signing != "" and honest(callback, self.signing))


def at_the_door(
    correspondents: Mapping[str, Correspondent], name: str, secret: str, source: str
) -> Correspondent | Doubt:
    """Who is there, by the address that was called and from where; before anything else of the request is read."""
    found = correspondents.get(name)
    right = found.secret if found is not None else ""
    # compared whether or not there is one, so that nothing is learnt from the time that it takes
    same = hmac.compare_digest(right.encode(), secret.encode("utf-8", "surrogatepass"))
    if found is None:
        return Doubt.UNKNOWN
    if not same or not (right or (found.signing and found.language.honest is not None)):
        return Doubt.SECRET
    return found if found.knows(source) else Doubt.NETWORK
