"""The folder that is a broker: one process, every way a message can go."""

import errno
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.exceptions import ChannelError, OperationalError

from workers.filequeue import Transport, register
from workers.filequeue.house import house_at
from workers.filequeue.names import Stamps, folder_name, returned, returns
from workers.filequeue.shelf import Shelf

register()
ALERTS = Exchange("alerts", "topic", durable=True)
URGENT = Queue("alerts.urgent", ALERTS, routing_key="alert.l1")
ROUTINE = Queue("alerts.routine", ALERTS, routing_key="alert.l3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "queue"


def connect(folder: Path, **options: Any) -> Connection:
    return Connection("filequeue://", transport_options={"folder": str(folder), "polling_interval": 0.01, **options})


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with connect(folder, tend_every_s=0.2) as connection:
        yield connection


def say(connection: Connection, text: str, queue: str = "letters", **kwargs: Any) -> None:
    with connection.Producer() as producer:
        producer.publish(text, routing_key=queue, serializer="json", **kwargs)


def hear(channel: Any, queue: str = "letters") -> Any:
    return channel.basic_get(queue)


def heard(channel: Any, queue: str = "letters") -> list[Any]:
    told = []
    while (message := hear(channel, queue)) is not None:
        told.append(message.decode())
        message.ack()
    return told


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_by_class_name_too(folder: Path) -> None:
    """A sender who names the class instead of the URL reaches the same queue."""
    options = {"folder": folder, "polling_interval": 0.01}
    with Connection(transport="workers.filequeue:Transport", transport_options=options) as connection:
        assert isinstance(connection.transport, Transport)
        say(connection, "hello")
        assert heard(connection.default_channel) == ["hello"]


def test_order_and_ack(connection: Connection, folder: Path) -> None:
    """A hundred letters are heard in the order they were said, and none is left after the last ack."""
    for n in range(100):
        say(connection, str(n))
    assert connection.default_channel._size("letters") == 100
    assert heard(connection.default_channel) == [str(n) for n in range(100)]
    assert [file for file in files(folder) if file.suffix == ".msg"] == []


def test_claim_is_kept_until_ack(connection: Connection, folder: Path) -> None:
    """A letter being read still lies on the disk; its ack is what ends it."""
    say(connection, "hello")
    message = hear(connection.default_channel)
    assert [f.parent.parent.name for f in files(folder) if f.suffix == ".msg"] == ["claimed"]
    message.ack()
    assert [f for f in files(folder) if f.suffix == ".msg"] == []


def test_requeue_keeps_order(connection: Connection) -> None:
    """Letters handed back come again before the younger ones, oldest first, and say so."""
    for n in range(5):
        say(connection, str(n))
    channel = connection.default_channel
    first, second, third = hear(channel), hear(channel), hear(channel)
    third.ack()
    first.requeue()
    second.requeue()
    again = hear(channel)
    assert again.decode() == "0"
    assert again.delivery_info["redelivered"] is True
    assert again.headers["x-delivery-count"] == 1
    again.ack()
    assert heard(channel) == ["1", "3", "4"]


def test_reject_is_set_aside_or_deleted(folder: Path) -> None:
    """A refused letter is kept apart by default, deleted where that was asked for."""
    with connect(folder) as connection:
        say(connection, "no")
        hear(connection.default_channel).reject()
        assert heard(connection.default_channel) == []
        assert len(files(folder / "set-aside")) == 1
    with connect(folder, rejected="delete") as connection:
        say(connection, "no")
        hear(connection.default_channel).reject()
        assert heard(connection.default_channel) == []
        assert len(files(folder / "set-aside")) == 1


def test_close_puts_back_once(folder: Path) -> None:
    """A reader who leaves with two unread letters leaves them for the next, once each, in order."""
    with connect(folder) as connection:
        say(connection, "a")
        say(connection, "b")
        channel = connection.channel()
        assert hear(channel).decode() == "a"
        assert hear(channel).decode() == "b"
        channel.close()
        assert connection.default_channel._size("letters") == 2
    with connect(folder) as connection:
        assert heard(connection.default_channel) == ["a", "b"]


def test_close_does_not_bring_back_what_was_acked(folder: Path) -> None:
    """Of three letters, the acked one does not return when the reader leaves."""
    with connect(folder) as connection:
        for text in "abc":
            say(connection, text)
        channel = connection.channel()
        kept = [hear(channel) for _ in range(3)]
        kept[1].ack()
        channel.close()
        assert heard(connection.default_channel) == ["a", "c"]


def test_ack_multiple(connection: Connection) -> None:
    """One ack for a batch settles all before it, nothing after it, nothing of another channel."""
    for n in range(6):
        say(connection, str(n))
    one, other = connection.channel(), connection.channel()
    mine = [hear(one) for _ in range(3)]
    theirs = hear(other)
    later = hear(one)
    mine[2].ack(multiple=True)
    one.close()
    other.close()
    assert theirs.decode() == "3"
    assert later.decode() == "4"
    assert heard(connection.default_channel) == ["3", "4", "5"]


def test_exchanges(connection: Connection, folder: Path) -> None:
    """A sender who declared nothing finds the queues that somebody else bound, by topic and by fanout."""
    channel = connection.default_channel
    everyone = Exchange("everyone", "fanout")
    for queue in (URGENT, ROUTINE, Queue("left", everyone), Queue("right", everyone)):
        queue(channel).declare()
    with connect(folder) as stranger, stranger.Producer() as producer:
        house_at(folder).state.clear()
        producer.publish("now", exchange="alerts", routing_key="alert.l1", mandatory=True)
        producer.publish("later", exchange="alerts", routing_key="alert.l3", mandatory=True)
        producer.publish("all", exchange="everyone")
        with pytest.raises(ChannelError):
            producer.publish("lost", exchange="alerts", routing_key="alert.l9", mandatory=True)
    assert heard(channel, "alerts.urgent") == ["now"]
    assert heard(channel, "alerts.routine") == ["later"]
    assert heard(channel, "left") == heard(channel, "right") == ["all"]


def test_broken_table_is_made_again(connection: Connection, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever lies in an exchange's file, the next letter finds its queue; the wreck is kept aside."""
    URGENT(connection.default_channel).declare()
    table = folder / "exchanges" / "alerts.json"
    wrecks = [b"", b"{", b"[]", b'{"type": "pigeon"}', b'{"type": "topic", "bindings": [[1, 2, 3]]}']
    wrecks += [b'{"type": "topic", "bindings": [["a", "(", "q"]]}', b"\xff\x00", b"[" * 100_000]
    for n, wreck in enumerate(wrecks, start=1):
        table.write_bytes(wreck)
        say(connection, str(n), queue="alert.l1", exchange="alerts")
        assert heard(connection.default_channel, "alerts.urgent") == [str(n)]
        assert len(files(folder / "set-aside")) == n
    assert "broken exchange table" in caplog.text


def test_garbage_is_set_aside(connection: Connection, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Among empty, half and foreign files the reader still hears the one letter; no content is logged."""
    say(connection, "hello")
    whole = next(f for f in files(folder / "queues") if f.suffix == ".msg")
    half = whole.read_bytes()[:-20]
    secret = b'{"phone": "made-up-secret"}'
    base = b'{"body": "%s", "properties": {"delivery_info": {}, "body_encoding": "%s"}, "headers": %s}'
    strange = [b"", half, secret, b"[]", b"null", b"\xff\xfe\x00", b"[" * 200_000, b'"text"']
    strange += [base % (b"a", b"base64", b"{}"), base % (b"a", b"rot13", b"{}"), base % (b"a", b"utf-8", b"[]")]
    strange += [b'{"__type__": "uuid", "__value__": 7}']
    for n, data in enumerate(strange):
        (whole.parent / f"0000000000000000000{n % 10}-x{n}.0.msg").write_bytes(data)
    (whole.parent / "notes.txt").write_text("not a message, left alone")
    with caplog.at_level(logging.DEBUG):
        assert heard(connection.default_channel) == ["hello"]
    assert len(files(folder / "set-aside")) == len(strange)
    assert "made-up-secret" not in caplog.text
    assert caplog.text.count("set aside") == len(strange)


def test_folder_deleted_in_mid_run(connection: Connection, folder: Path) -> None:
    """The operator deletes everything three times; sender and reader go on without being told."""
    channel, reader = connection.default_channel, connection.channel()
    URGENT(channel).declare()
    for n in range(3):
        say(connection, "before", queue="alert.l1", exchange="alerts")
        unacked = hear(reader, "alerts.urgent")
        say(connection, "lost with the folder", queue="alert.l1", exchange="alerts")
        shutil.rmtree(folder)
        if n == 1:
            assert hear(reader, "alerts.urgent") is None
        unacked.ack()
        say(connection, "after", queue="alert.l1", exchange="alerts")
        assert heard(reader, "alerts.urgent") == ["after"]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files(folder)} == {0o600}


def test_deleted_while_a_reader_waits(connection: Connection, folder: Path) -> None:
    """After the deletion a reader's next look brings the bindings back, so that strangers reach it."""
    URGENT(connection.default_channel).declare()
    shutil.rmtree(folder)
    assert hear(connection.default_channel, "alerts.urgent") is None
    assert (folder / "exchanges" / "alerts.json").exists()


def test_held_message_survives_deletion(connection: Connection, folder: Path) -> None:
    """A letter in a reader's hands is not lost with the folder: handed back, it is there again."""
    say(connection, "hello")
    message = hear(connection.default_channel)
    shutil.rmtree(folder)
    message.requeue()
    assert heard(connection.default_channel) == ["hello"]


def test_purge_delete_size(connection: Connection, folder: Path) -> None:
    """Purging removes what waits and counts it; deleting takes the queue and its bindings away."""
    channel = connection.default_channel
    URGENT(channel).declare()
    for _ in range(4):
        say(connection, "x", queue="alert.l1", exchange="alerts")
    held = hear(channel, "alerts.urgent")
    assert channel.queue_declare("alerts.urgent", passive=True).message_count == 3
    assert channel.queue_purge("alerts.urgent") == 3
    held.requeue()
    assert channel._size("alerts.urgent") == 1
    channel.queue_delete("alerts.urgent", if_empty=True)
    assert channel._size("alerts.urgent") == 1
    channel.queue_delete("alerts.urgent")
    assert channel.get_table("alerts") == []
    with pytest.raises(ChannelError):
        channel.queue_declare("alerts.urgent", passive=True)


def test_expiring_queue_ends(folder: Path) -> None:
    """A mailbox that nobody reads any more goes away, its binding too; one that is read stays."""
    with connect(folder, tend_every_s=0.01) as connection:
        channel = connection.default_channel
        everyone = Exchange("everyone", "fanout")
        read, left = Queue("read", everyone, expires=0.2), Queue("left", everyone, expires=0.2)
        read(channel).declare()
        left(channel).declare()
        for _ in range(100_000):
            hear(channel, "read")
            if not (folder / "queues" / "left").exists():
                break
            left_file = folder / "queues" / "left" / "expires"
            os.utime(left_file, (1, 1))
        assert [binding[2] for binding in channel.get_table("everyone")] == ["read"]


def test_closed_to_others(connection: Connection, folder: Path) -> None:
    """Nobody but the owner can look into any folder or file."""
    URGENT(connection.default_channel).declare()
    say(connection, "hello")
    hear(connection.default_channel)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files(folder)} == {0o600}


def test_durable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is asked for, a letter is on the disk before its sender goes on; elsewhere not."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    with connect(folder) as connection:
        say(connection, "hello")
        assert flushed == []
    with connect(folder, durable=True) as connection:
        say(connection, "hello")
        assert len(flushed) == 2


def test_full_disk(connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the sender is told, nothing half is left, and the next letter goes through."""

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    say(connection, "before")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises((OSError, OperationalError)):
            say(connection, "lost")
    assert len([file for file in files(folder) if file.suffix == ".msg"]) == 1
    say(connection, "after")
    assert heard(connection.default_channel) == ["before", "after"]


def test_wrong_options_are_all_named(folder: Path) -> None:
    """A wrong configuration is refused with every fault at once."""
    options = {"durable": "yes", "tend_every_s": 0, "rejected": "eat"}
    with pytest.raises(ValueError, match=r"folder.*durable.*tend_every_s.*rejected"):
        Connection("filequeue://", transport_options=options).connect()


def test_queue_names_stay_in_their_folder() -> None:
    """No name, however strange, leads out of the folder or meets another name's folder."""
    names = ["a/b", "..", ".", "", "a%2Fb", "A b", "预警", "x" * 500, "x" * 501, "a\0b", ".hidden"]
    made = [folder_name(name) for name in names]
    assert len(set(made)) == len(names)
    assert all("/" not in one and "\0" not in one and not one.startswith(".") for one in made)
    assert all(0 < len(one.encode()) <= 180 for one in made)


def test_names_never_go_back() -> None:
    """When the clock is set back, the next letter still sorts after the last."""
    times = iter([5_000, 4_000, 4_000, 9_000])
    stamps = Stamps("me", clock_ns=lambda: next(times))
    names = [stamps.next() for _ in range(4)]
    assert names == sorted(names)
    assert len(set(names)) == 4
    assert returns(returned(returned(names[0]))) == 2
    assert returned(names[0]) < names[1]


def test_listing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of a thousand letters looks into the folder once, not a thousand times."""
    for n in range(1_000):
        (tmp_path / f"{n:020d}-x.0.msg").touch()
    looks: list[object] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looks.append(path), scandir(path))[1])
    shelf = Shelf(tmp_path, clock=lambda: 10.0)
    assert sum(1 for _ in range(1_000) if shelf.next()) == 1_000
    assert len(looks) == 1


def test_idle_queue_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of a quiet queue only asks whether it changed, and sees a new letter at once."""
    looks: list[object] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looks.append(path), scandir(path))[1])
    os.utime(tmp_path, (1, 1))
    shelf = Shelf(tmp_path, clock=lambda: 10.0)
    assert [shelf.next() for _ in range(50)] == [None] * 50
    assert len(looks) == 1
    (tmp_path / "00000000000000000001-x.0.msg").touch()
    assert shelf.next() is not None
