"""A house that real browsers visit: its doors on a port of their own, a clock that goes, and headless Chromium."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from servers import chromium
from visited import House

from dispatcher.keys import Keyring
from dispatcher.store import Store
from web.app import make_app

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
FLAGS += ("--disable-sync", "--no-first-run")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keys: Keyring) -> Iterator[House]:
    """Open doors at an origin of their own, for the tests of one file."""
    path = tmp_path_factory.mktemp("house") / "quanzu.sqlite"
    shutil.copy(sqlite_template, path)
    store = Store(f"sqlite:///{path}", keys)
    made = House(store)
    server = uvicorn.Server(uvicorn.Config(make_app(made.house), host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    made.origin = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    with httpx.Client(base_url=made.origin, timeout=60) as client:
        made.client = client  # type: ignore[assignment]  # the same verbs as a test client's
        yield made
    server.should_exit = True
    thread.join(30)
    store.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it: nothing is downloaded."""
    path = chromium()
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield made
        made.close()


@pytest.fixture
def context(browser: Browser, house: House) -> Iterator[BrowserContext]:
    """A browser profile of one's own, that notes every address it asks for."""
    with_nothing = browser.new_context(base_url=house.origin, locale="zh-CN", viewport={"width": 1280, "height": 900})
    with_nothing.add_init_script(path=AXE)
    asked: list[str] = []
    with_nothing.on("request", lambda request: asked.append(request.url))
    yield with_nothing
    with_nothing.close()
    elsewhere = [url for url in asked if not url.startswith(f"{house.origin}/")]
    assert not elsewhere, f"asked of elsewhere: {elsewhere}"


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; whatever its console complains of fails the test."""
    made = context.new_page()
    made.set_default_timeout(90_000)
    complaints: list[str] = []
    made.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    made.on("pageerror", lambda fault: complaints.append(str(fault)))
    yield made
    refused = [line for line in complaints if "Failed to load resource" not in line and "htmx:error" not in line]
    assert not refused, refused
