"""The carriers file: whole or not at all, every fault at once, and no secret in a complaint."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from config.carriers.file import load_carriers
from config.carriers.kinds import KINDS
from config.faults import ConfigurationFault
from config.settings import Settings
from dispatcher.carriers import LANGUAGES
from dispatcher.routing.network import SIMULATED, network_of
from dispatcher.words import Channel, Outcome, Risk
from workers.carriers import WIRES, Registry

RIGHT = """
[carrier.a]
kind = "simulator_sms"
base_url = "http://127.0.0.1:8498"
per_s = 50
windows = [{ most = 2, seconds = 60 }]
codes = { ODD = "blocked", HALF = "not_final" }
[carrier.b]
kind = "simulator_sms"
[carrier.voice]
kind = "simulator_call"
[route.sms]
L1 = ["a", "b"]
all = [{ carrier = "b", weight = 3 }, { carrier = "a", weight = 1 }]
[route.call]
all = ["voice"]
"""

WRONG = """
colour = "red"
[carrier.a]
kind = "pigeon"
[carrier.b]
kind = "simulator_sms"
speed = 3
[carrier.c]
kind = "simulator_sms"
codes = { ODD = "mislaid" }
[carrier.k]
kind = "kannel"
username = "fraud"
password = { env = "NOT_SET_ANYWHERE" }
sender = "96110"
[carrier.voice]
kind = "simulator_call"
live = true
[carrier.worklist]
kind = "simulator_sms"
[route.sms]
L1 = ["b", "nobody"]
L2 = [{ carrier = "c", weight = 0 }]
L7 = ["b"]
L3 = ["voice"]
"""


def settings_of(tmp_path: Path, text: str) -> Settings:
    """A deployment with this carriers file."""
    path = tmp_path / "carriers.toml"
    path.write_text(text)
    return Settings(home=tmp_path, carriers=str(path))


def test_a_file_is_read_into_routes_and_ways(tmp_path: Path) -> None:
    """Two carriers of texts and one of calls: L1 has its own order, the other levels share out by weight."""
    there = network_of(load_carriers(settings_of(tmp_path, RIGHT)))
    assert there.routes[Channel.SMS, Risk.L1].carriers == ("a", "b")
    assert there.routes[Channel.SMS, Risk.L4].weights == (3.0, 1.0)
    way = there.way("a", Channel.SMS)
    assert way.limit is not None and way.limit.per_s == 50 and way.windows[0].most == 2
    assert there.guarded and not way.live
    assert there.meaning("a", "ODD") is Outcome.BLOCKED and there.meaning("a", "HALF") is None
    assert there.meaning("a", "DELIVRD") is Outcome.DELIVERED
    assert there.meaning("b", "ODD") is Outcome.UNKNOWN and there.meaning("gone", "DELIVRD") is Outcome.UNKNOWN


def test_no_file_is_the_simulator_and_nothing_to_choose(tmp_path: Path) -> None:
    """Law 9: without a file nobody can be contacted, and a claim has nothing more to look at."""
    there = network_of(load_carriers(Settings(home=tmp_path)))
    assert there == SIMULATED and not there.guarded
    assert not any(way.live for way in there.ways.values())


def test_every_fault_is_told_at_once_by_its_place(tmp_path: Path) -> None:
    """Thirteen mistakes, thirteen places to mend, each once."""
    with pytest.raises(ConfigurationFault) as fault:
        load_carriers(settings_of(tmp_path, WRONG))
    places = sorted(line.removeprefix("QUANZU_CARRIERS: ").partition(": ")[0] for line in fault.value.faults)
    assert places == sorted(
        [
            "colour",
            "carrier.a.kind",
            "carrier.b.speed",
            "carrier.c.codes.ODD",
            "carrier.k.password",
            "carrier.voice.live",
            "carrier.worklist",
            "route.sms.L1",
            "route.sms.L2[0].weight",
            "route.sms.L7",
            "route.sms.L3",
            "route.sms",
            "route.call",
        ]
    )


ONE_KANNEL = """
[carrier.k]
kind = "kannel"
base_url = "{base}"
username = "fraud"
password = {{ env = "A_PASSWORD" }}
callback_secret = {{ env = "A_SECRET" }}
[carrier.voice]
kind = "simulator_call"
[route.sms]
all = ["k"]
[route.call]
all = ["voice"]
"""


def test_a_live_carrier_needs_a_way_back_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that is not on this machine calls back: without our address and a secret in it nobody starts."""
    monkeypatch.setenv("A_PASSWORD", "s3cret-of-kannel")
    text = ONE_KANNEL.format(base="http://gateway.example:13013")
    text = text.replace('callback_secret = { env = "A_SECRET" }\n', "")
    with pytest.raises(ConfigurationFault) as fault:
        load_carriers(settings_of(tmp_path, text))
    told = "\n".join(fault.value.faults)
    assert "carrier.k.callback_secret" in told and "QUANZU_PUBLIC_URL" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("secret", ["5Jx/q1+YtQ0=", "half?rest", "a#b", "a b", "%41", ".."])
def test_a_secret_that_no_address_can_carry_is_told_at_the_start(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator takes a secret of base64: with its slash no news would ever find the door."""
    monkeypatch.setenv("A_PASSWORD", "s3cret-of-kannel")
    monkeypatch.setenv("A_SECRET", secret)
    with pytest.raises(ConfigurationFault) as fault:
        load_carriers(settings_of(tmp_path, ONE_KANNEL.format(base="http://127.0.0.1:13013")))
    (told,) = fault.value.faults
    assert "carrier.k.callback_secret" in told and secret not in told.partition(": ")[2].partition(": ")[2]


@pytest.mark.parametrize("base", ["http://127.0.0.1:130133", "http://gate way:13013", "http://127.0.0.1:port"])
def test_an_address_that_cannot_be_called_is_told_at_the_start(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in a gateway's port or host is named with its place, not found out by the first text."""
    monkeypatch.setenv("A_PASSWORD", "s3cret-of-kannel")
    monkeypatch.setenv("A_SECRET", "made-up")
    with pytest.raises(ConfigurationFault, match=r"carrier\.k\.base_url: "):
        load_carriers(settings_of(tmp_path, ONE_KANNEL.format(base=base)))


def test_a_live_gateway_that_is_only_asked_needs_no_way_back(tmp_path: Path) -> None:
    """A city's gateway has no callbacks: no secret and no address of ours is asked for."""
    text = """
[carrier.city]
kind = "http"
channel = "sms"
base_url = "http://gateway.example"
request = { body = { to = "{to}", words = "{text}", ref = "{reference}" } }
answer = { id = { json = "/id" } }
ask = { request = { body = { ref = "{reference}" } }, found = { json = "/had" } }
[carrier.voice]
kind = "simulator_call"
[route.sms]
all = ["city"]
[route.call]
all = ["voice"]
"""
    assert network_of(load_carriers(settings_of(tmp_path, text))).polls("city")


@pytest.mark.parametrize("text", ["[carrier", "", "carrier = 3", "[carrier.a]\nkind = 3\n[route]\nsms = 1\n"])
def test_a_file_of_nonsense_is_refused_in_words(tmp_path: Path, text: str) -> None:
    """Whatever is in it: a sentence for the operator, no traceback."""
    with pytest.raises(ConfigurationFault):
        load_carriers(settings_of(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A slip in the path is named with the setting."""
    with pytest.raises(ConfigurationFault, match="QUANZU_CARRIERS: must name a file that can be read"):
        load_carriers(Settings(home=tmp_path, carriers=str(tmp_path / "none.toml")))


def test_each_kind_is_in_all_three_tables() -> None:
    """A kind without a language or a wire would fail only when somebody is to be warned."""
    described = {"http"}  # its section is its language
    assert set(KINDS) == set(LANGUAGES) | described == set(WIRES)
    for kind, section in KINDS.items():
        assert section.model_fields["kind"].default in (kind, None) or kind in str(section.model_fields["kind"])
        assert kind in described or LANGUAGES[kind].kind == kind


def test_the_registry_makes_each_carrier_with_its_own_client_and_address(tmp_path: Path) -> None:
    """Two simulators of texts: each is told its own callback, and one that hangs keeps none of the other's room."""
    carriers = load_carriers(settings_of(tmp_path, RIGHT))
    clients: list[httpx.AsyncClient] = []

    def client() -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient())
        return clients[-1]

    registry = Registry(carriers, client, callback_base="http://127.0.0.1:8496")
    assert len(clients) == 3 and {carrier.name for carrier in registry} == {"a", "b", "voice"}
    assert registry.named("gone") is None and registry.ask_in("gone") is None
    assert registry.ask_in("a") == 4.0 - 6.0
    assert registry.smallest_batch(Channel.SMS) == 100
