"""What the pages on carriers show can be copied: every section there is taken by the carriers file as it stands."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from config.carriers.file import read_carriers
from config.settings import Settings
from dispatcher.carriers import language_for
from dispatcher.routing.network import network_of
from workers.carriers import WIRES

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "carriers"


@pytest.mark.parametrize("page", ["twilio.md", "kannel.md", "add-your-own.md"])
def test_a_shown_section_works(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator copies the section from the page: each of its carriers has a language, a wire and a route."""
    block = re.search(r"^( *)```toml\n(.*?)^\1```", (PAGES / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert block is not None
    text = textwrap.dedent(block[2])
    for name in re.findall(r'env = "(\w+)"', text):
        monkeypatch.setenv(name, "made-up")
    secret = tmp_path / "secret"
    secret.write_text("made-up")
    text = re.sub(r'file = "[^"]*"', f'file = "{secret}"', text)
    settings = Settings(home=tmp_path, public_url="https://quanzu.example")
    # a channel that the page says nothing of goes by the simulator
    told = tomllib.loads(text)
    carriers, routes = told["carrier"], told["route"]
    if "call" not in routes:
        carriers["sim"] = {"kind": "simulator_call"}
        routes["call"] = {"all": ["sim"]}
    read = read_carriers(told, settings)
    network = network_of(read)
    for section in read.sections:
        assert language_for(section).kind == section.kind
        assert section.kind in WIRES
        assert section.name in network.languages
