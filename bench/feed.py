"""The upstream: a process that publishes alerts as fast as a broker confirms them, or at a steady pace.

Started as `python -m bench.feed FILE URL [--plain] [--per-s N]`: it makes every message first, says "ready",
and publishes when it is told to. FILE holds one alert a line. Then it tells as JSON how long it took; at a pace it
also tells when each alert was published. Confirms are awaited for a window of messages, not one by one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from amqp import Message
from amqp.channel import Channel
from kombu import Connection

from bench.plain.message import QUEUE, described
from workers.names import alert_key

WINDOW = 1_000
"""So many messages may be unconfirmed."""

Made = tuple[str, str, Message]
"""Exchange, routing key, message."""


def of_ours(body: bytes) -> Made:
    """One raw JSON alert for the topic exchange, as any upstream publishes it."""
    message = Message(body, content_type="application/json", content_encoding="utf-8", delivery_mode=2)
    return "alerts", alert_key(json.loads(body)["risk"]), message


def of_plain(body: bytes) -> Made:
    """One Celery task of the plain design, as its own `delay` would send it."""
    told, headers = described(body)
    message = Message(
        told, content_type="application/json", content_encoding="utf-8", delivery_mode=2, application_headers=headers
    )
    return "", QUEUE, message


class Confirmed:
    """Publishes with confirms and keeps at most `WINDOW` messages unconfirmed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = cast(Channel, connection.channel())
        self._channel.confirm_select()
        cast(Any, self._channel).events["basic_ack"].add(self._acked)  # the stubs do not know it
        self._sent = self._confirmed = 0
        self._seen: set[int] = set()

    def publish(self, made: Made) -> None:
        """Send one; waits while the window is full."""
        exchange, key, message = made
        self._channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=True)
        self._sent += 1
        if self._sent - self._confirmed >= WINDOW:
            self.wait(WINDOW // 2)

    def wait(self, most: int = 0) -> None:
        """Until at most so many are unconfirmed. Raises: TimeoutError: the broker confirms no more."""
        while self._sent - self._confirmed > most:
            self._connection.drain_events(timeout=60)

    def hear(self) -> None:
        """Take the confirms that are there."""
        try:
            self._connection.drain_events(timeout=0.001)
        except TimeoutError:
            return

    def _acked(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._seen = {one for one in self._seen if one > tag}
            self._confirmed = tag
            while self._confirmed + 1 in self._seen:
                self._confirmed += 1
                self._seen.discard(self._confirmed)
            return
        self._seen.add(tag)
        while self._confirmed + 1 in self._seen:
            self._confirmed += 1
            self._seen.discard(self._confirmed)


def publish(url: str, messages: Sequence[Made], per_s: float) -> dict[str, Any]:
    """Publish everything; how long it took, and (at a pace) the instant of each publish."""
    at: list[float] = []
    with Connection(url) as connection:
        line = Confirmed(connection)
        began, cpu = time.time(), time.process_time()
        for number, made in enumerate(messages):
            if per_s:
                pause = began + number / per_s - time.time()
                if pause > 0:
                    time.sleep(pause)
                at.append(time.time())
            line.publish(made)
            if per_s:
                line.hear()
        line.wait()
        return {"began": began, "published_s": time.time() - began, "cpu_s": time.process_time() - cpu, "at": at}


def main() -> None:
    """Make the messages, wait for the word, publish."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("url")
    asked.add_argument("--plain", action="store_true")
    asked.add_argument("--per-s", type=float, default=0.0)
    told = asked.parse_args()
    make: Callable[[bytes], Made] = of_plain if told.plain else of_ours
    messages = [make(line) for line in told.file.read_bytes().splitlines()]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(publish(told.url, messages, told.per_s)) + "\n")


class Feed:
    """A feed process, ready to publish."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def go(self) -> datetime:
        """Begin to publish; returns at once, with the instant."""
        assert self._process.stdin is not None
        began = datetime.now(UTC)
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return began

    @property
    def over(self) -> bool:
        """Everything is published, or the feed has failed."""
        return self._process.poll() is not None

    def told(self) -> dict[str, Any]:
        """How long it took; waits for the end. Raises: RuntimeError: it failed."""
        out, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"the feed ended with {self._process.returncode}")
        found: dict[str, Any] = json.loads(out)
        return found


@contextmanager
def feed(folder: Path, url: str, bodies: Sequence[bytes], *, plain: bool = False, per_s: float = 0) -> Iterator[Feed]:
    """A feed of these alerts, once it has made its messages; ended at the end, if it has not ended itself."""
    file = folder / f"feed-{time.monotonic_ns()}.jsonl"
    file.write_bytes(b"\n".join(bodies))
    command = [sys.executable, "-m", "bench.feed", str(file), url, "--per-s", str(per_s), *(["--plain"] * plain)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # ours
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the feed did not start")
        yield Feed(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        file.unlink()


if __name__ == "__main__":
    main()
