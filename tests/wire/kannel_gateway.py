"""A real Kannel of a test's own: bearerbox, smsbox and an operator that takes all, or the test's, on free ports."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from deployment import free_port, until
from servers import FAKE_OPERATOR, SYSTEM_PATH, needs_kannel

USER, PASSWORD = "fraud", "s3cret"
MOST_PARTS = 10

CORE = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bar
status-password = foo
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
dlr-storage = internal
store-type = spool
store-location = {spool}
sms-resend-freq = 2

{smsc}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
smsbox-id = box1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 96110
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
concatenation = true
max-messages = {parts}
"""

FAKE = """group = smsc
smsc = fake
smsc-id = FAKE
our-host = 127.0.0.1
port = {operator}
connect-allow-ip = 127.0.0.1
denied-prefix = "+86199"
"""

SMPP = """group = smsc
smsc = smpp
smsc-id = SMPP
host = 127.0.0.1
port = {operator}
transceiver-mode = true
smsc-username = quanzu
smsc-password = quanzu
system-type = ""
address-range = ""
reconnect-delay = 1
max-pending-submits = 20
"""


class Gateway:
    """With `smpp`, a port, the operator is the test's own and is reached there; else it is Debian's `fakesmsc`.

    `start` what is not running; `kill_bearerbox` as a crash does; `operator_heard` what it was given to send."""

    def __init__(self, folder: Path, *, smpp: int = 0) -> None:
        needs_kannel()
        self._has_own_operator = bool(smpp)
        self.folder = folder
        self.ports = {name: free_port() for name in ("admin", "box", "operator", "sendsms")}
        self.ports["operator"] = smpp or self.ports["operator"]
        spool = folder / "spool"
        spool.mkdir()
        smsc = (SMPP if smpp else FAKE).format(**self.ports)
        told = CORE.format(spool=spool, smsc=smsc, user=USER, password=PASSWORD, parts=MOST_PARTS, **self.ports)
        self._file = folder / "kannel.conf"
        self._file.write_text(told, "utf-8")
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def base_url(self) -> str:
        """Where texts are handed in."""
        return f"http://127.0.0.1:{self.ports['sendsms']}"

    def start(self) -> None:
        """All of it, in the order in which they need each other; returns when texts can be handed in."""
        self._begin("bearerbox", _program("bearerbox"), "-v", "1", str(self._file))
        self._await("bearerbox", "admin")
        if not self._has_own_operator:
            self._await("bearerbox", "operator")
            where = ("-H", "127.0.0.1", "-r", str(self.ports["operator"]))
            self._begin("operator", str(FAKE_OPERATOR), *where, "-m", "0", "1 2 text x")
        self._begin("smsbox", _program("smsbox"), "-v", "1", str(self._file))
        self._await("smsbox", "sendsms")

    def kill_bearerbox(self) -> None:
        """SIGKILL; smsbox and the operator, which lose it, end by themselves or are ended."""
        self._running["bearerbox"].kill()
        self._running["bearerbox"].wait(20)
        for name in ("smsbox", "operator"):
            self._end(name)
        self._running.clear()

    def stop(self) -> None:
        """End what runs."""
        for name in ("smsbox", "operator", "bearerbox"):
            self._end(name)

    def operator_heard(self) -> str:
        """What the operator printed of what it was given."""
        return self._printed("operator")

    def _printed(self, name: str) -> str:
        return (self.folder / f"{name}.out").read_text("utf-8", "replace")

    def _begin(self, name: str, *command: str) -> None:
        running = self._running.get(name)
        if running is not None and running.poll() is None:
            return
        with (self.folder / f"{name}.out").open("ab") as out:
            self._running[name] = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def _await(self, name: str, port: str) -> None:
        def answers() -> bool:
            assert self._running[name].poll() is None, (self.folder / f"{name}.out").read_text("utf-8", "replace")[
                -2000:
            ]
            try:
                socket.create_connection(("127.0.0.1", self.ports[port]), timeout=1).close()
            except OSError:
                return False
            return True

        until(f"{name} listens", answers, within_s=60)

    def _end(self, name: str) -> None:
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _program(name: str) -> str:
    found = shutil.which(name, path=SYSTEM_PATH)
    assert found is not None
    return found
