"""The folder that is a broker: many processes, some killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import Connection

ROOT = Path(__file__).resolve().parents[2]

SETUP = """
import os, sys, time, socket
from pathlib import Path
from kombu import Connection
from workers.filequeue import register
register()
folder, me, count, stop = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
options = {"folder": folder, "polling_interval": 0.01, "tend_every_s": float(sys.argv[5])}
connection = Connection("filequeue://", transport_options=options)
"""
PRODUCER = """
with connection, connection.Producer() as producer:
    for n in range(count):
        producer.publish({"who": me, "n": n}, routing_key="letters", serializer="json")
"""
CONSUMER = """
def read(body, message):
    print(body["who"], body["n"], flush=True)
    message.ack()
with connection, connection.Consumer([connection.SimpleQueue("letters").queue], callbacks=[read],
                                     accept=["json"], prefetch_count=10):
    while not stop.exists():
        try:
            connection.drain_events(timeout=0.2)
        except socket.timeout:
            pass
"""
HOLDER = """
channel = connection.default_channel
held = []
while len(held) < count:
    message = channel.basic_get("letters")
    if message is not None:
        held.append(message)
print("holding", flush=True)
while True:
    time.sleep(60)
"""
# A child that lives on after its parent: the parent's lock must not live on in it.
FORKING_HOLDER = HOLDER.replace(
    'print("holding", flush=True)',
    """child = os.fork()
if child == 0:
    connection.close()
# One write: two processes share this pipe.
os.write(1, f"holding {os.getpid()}\\n".encode())""",
)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start one of the scripts above on the test's folder; all are ended afterwards."""
    running: list[subprocess.Popen[str]] = []

    def begin(script: str, me: str = "somebody", count: int = 0, tend_every_s: float = 0.2) -> "subprocess.Popen[str]":
        arguments = [str(tmp_path / "queue"), me, str(count), str(tmp_path / "stop"), str(tend_every_s)]
        process = subprocess.Popen(
            [sys.executable, "-c", SETUP + script, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    options = {"folder": tmp_path / "queue", "polling_interval": 0.01, "tend_every_s": 0.1}
    with Connection(transport="workers.filequeue:Transport", transport_options=options) as connection:
        yield connection


def until(what: Callable[[], object], *, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def waiting(folder: Path) -> int:
    """Letters that lie somewhere below; a folder that its owner removes meanwhile (os.walk minds none) has none."""
    return sum(name.endswith(".msg") for _, _, names in os.walk(folder) for name in names)


def take_all(connection: Connection, count: int) -> list[int]:
    told: list[int] = []

    def one_more() -> bool:
        while (message := connection.default_channel.basic_get("letters")) is not None:
            told.append(json.loads(message.body)["n"])
            message.ack()
        return len(told) >= count

    until(one_more)
    assert connection.default_channel.basic_get("letters") is None
    return told


def send(connection: Connection, count: int) -> None:
    with connection.Producer() as producer:
        for n in range(count):
            producer.publish({"n": n}, routing_key="letters", serializer="json")


def test_many_senders_and_readers(start: Start, tmp_path: Path) -> None:
    """Four senders' two thousand letters reach three readers: each letter is read once, by one of them."""
    readers = [start(CONSUMER) for _ in range(3)]
    senders = [start(PRODUCER, f"sender{n}", 500) for n in range(4)]
    assert [sender.wait() for sender in senders] == [0] * 4
    until(lambda: waiting(tmp_path / "queue") == 0)
    (tmp_path / "stop").touch()
    outputs = [reader.communicate()[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 3
    read = Counter(line for output in outputs for line in output.splitlines())
    assert set(read) == {f"sender{s} {n}" for s in range(4) for n in range(500)}
    assert set(read.values()) == {1}
    assert list((tmp_path / "queue" / "owners").iterdir()) == []


def test_killed_reader(start: Start, connection: Connection, tmp_path: Path) -> None:
    """A reader killed with seven letters in hand: all seven come back, once, in order, marked."""
    send(connection, 10)
    holder = start(HOLDER, count=7)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    assert connection.default_channel._size("letters") == 3
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    def come_back() -> bool:
        message = connection.default_channel.basic_get("absent")
        assert message is None
        return int(connection.default_channel._size("letters")) == 10

    until(come_back)
    first = connection.default_channel.basic_get("letters")
    assert first is not None
    assert first.delivery_info["redelivered"] is True
    first.requeue()
    assert take_all(connection, 10) == list(range(10))
    assert len(list((tmp_path / "queue" / "owners").iterdir())) == 1


def test_killed_reader_is_noticed_at_start(start: Start, tmp_path: Path) -> None:
    """Who starts after a crash finds the letters at the first look, though its next round is an hour away."""
    assert start(PRODUCER, "sender", 3).wait() == 0
    holder = start(HOLDER, count=3)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.kill()
    holder.wait()
    reader = start(CONSUMER, tend_every_s=3600)
    until(lambda: waiting(tmp_path / "queue") == 0)
    (tmp_path / "stop").touch()
    assert reader.communicate()[0].splitlines() == ["sender 0", "sender 1", "sender 2"]
    assert reader.returncode == 0


def test_living_reader_is_left_alone(start: Start, connection: Connection) -> None:
    """However often others look, what a living reader holds stays with it."""
    send(connection, 3)
    holder = start(HOLDER, count=3)
    assert holder.stdout is not None
    holder.stdout.readline()
    for _ in range(30):
        assert connection.default_channel.basic_get("letters") is None
        time.sleep(0.02)


def test_forked_child_does_not_keep_a_dead_parent_alive(start: Start, connection: Connection) -> None:
    """A parent is killed while its forked child, which closed its copy of the connection, lives on: the
    parent's letters come back once."""
    send(connection, 3)
    parent = start(FORKING_HOLDER, count=3)
    assert parent.stdout is not None
    pids = {int(parent.stdout.readline().split()[1]) for _ in range(2)}
    child = (pids - {parent.pid}).pop()
    try:
        # The child's closing must not have put back what the parent holds.
        assert connection.default_channel._size("letters") == 0
        parent.kill()
        parent.wait()
        assert take_all(connection, 3) == [0, 1, 2]
    finally:
        os.kill(child, signal.SIGKILL)


def test_folder_deleted_under_many(start: Start, tmp_path: Path) -> None:
    """The operator deletes the folder while four send and three read: nobody stops, and nobody hears double."""
    readers = [start(CONSUMER) for _ in range(3)]
    senders = [start(PRODUCER, f"sender{n}", 400) for n in range(4)]
    queue = tmp_path / "queue"
    for _ in range(3):
        until((queue / "owners").exists)
        shutil.rmtree(queue, ignore_errors=True)
        time.sleep(0.1)
    assert [sender.wait() for sender in senders] == [0] * 4
    last = start(PRODUCER, "last", 50)
    assert last.wait() == 0
    until(lambda: waiting(queue) == 0)
    (tmp_path / "stop").touch()
    outputs = [reader.communicate()[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 3
    read = Counter(line for output in outputs for line in output.splitlines())
    assert {f"last {n}" for n in range(50)} <= set(read)
    assert set(read.values()) == {1}
