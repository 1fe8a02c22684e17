"""The proxy misbehaves exactly as it is told, and behaves again by itself."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from .proxy import Proxies, Proxy

PATIENCE_S = 20.0
AWHILE_S = 1.0


class Echo(socketserver.BaseRequestHandler):
    """Says again what it hears."""

    def handle(self) -> None:
        """Until the other side is silent."""
        try:
            while heard := self.request.recv(65_536):
                self.request.sendall(heard)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before a server that echoes."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server, Proxies() as proxies:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield proxies.to("127.0.0.1", server.server_address[1])
        server.shutdown()


def line_to(proxy: Proxy) -> socket.socket:
    """A connection through it."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE_S)


def echoed(line: socket.socket, said: bytes) -> bytes:
    """What comes back; nothing when the connection has ended."""
    heard = b""
    try:
        line.sendall(said)
        while len(heard) < len(said) and (piece := line.recv(65_536)):
            heard += piece
    except OSError:
        return heard
    return heard


def served_again(proxy: Proxy) -> bool:
    """Whether a new connection is served before patience ends."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with line_to(proxy) as line:
            if echoed(line, b"again") == b"again":
                return True
    return False


def test_it_carries_everything(proxy: Proxy) -> None:
    """Half a megabyte goes there and back whole."""
    said = bytes(range(256)) * 2_000
    with line_to(proxy) as line:
        threading.Thread(target=line.sendall, args=(said,), daemon=True).start()
        heard = b""
        while len(heard) < len(said):
            heard += line.recv(65_536)
    assert heard == said


def test_a_cut_ends_what_is_open_and_nothing_else(proxy: Proxy) -> None:
    """Whoever was connected is hung up on, and is let in again at once."""
    with line_to(proxy) as line:
        assert echoed(line, b"before") == b"before"
        proxy.cut()
        assert ended(line)
    with line_to(proxy) as line:
        assert echoed(line, b"after") == b"after"


def test_it_refuses_for_a_while(proxy: Proxy) -> None:
    """Everybody is hung up on while it refuses, and served when it is over."""
    proxy.refuse(AWHILE_S)
    with line_to(proxy) as line:
        assert echoed(line, b"during") == b""
    assert served_again(proxy)


def test_what_it_swallows_is_late_and_not_lost(proxy: Proxy) -> None:
    """A connection stays open and silent, as over a network that drops packets; then all arrives."""
    with line_to(proxy) as line:
        assert echoed(line, b"before") == b"before"
        proxy.swallow(AWHILE_S)
        began = time.monotonic()
        assert echoed(line, b"during") == b"during"
        assert time.monotonic() - began > AWHILE_S / 2


def test_it_dawdles(proxy: Proxy) -> None:
    """Each piece waits its turn, there and back."""
    proxy.slow(PATIENCE_S, wait_s=0.2)
    with line_to(proxy) as line:
        began = time.monotonic()
        assert echoed(line, b"slowly") == b"slowly"
        assert time.monotonic() - began >= 0.4
        proxy.mend()
        assert echoed(line, b"and on") == b"and on"


def test_a_server_that_is_away_hangs_up(proxy: Proxy) -> None:
    """Behind the proxy nobody listens: the client is hung up on and does not wait for ever."""
    with Proxies() as proxies, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with line_to(proxies.to("127.0.0.1", nobody.getsockname()[1])) as line:
            assert ended(line)


def ended(line: socket.socket) -> bool:
    """Whether the other side has hung up."""
    try:
        return line.recv(1) == b""
    except ConnectionError:
        return True
