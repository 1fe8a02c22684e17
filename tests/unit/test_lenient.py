"""Whatever stands in a message's properties, the connection that it came on goes on."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest
from amqp import Channel, Connection, Message, spec
from hypothesis import given
from hypothesis import strategies as st
from odd_properties import BATCH, ODD, headers, moment, nested, short, text

from config.settings import Settings
from workers.app import make_celery

DELIVERY = pack(">HH", *spec.Basic.Deliver) + short(b"None1") + pack(">QB", 7, 0)


@pytest.fixture(scope="module", autouse=True)
def ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A process of ours, which has made its app."""
    make_celery(Settings(home=tmp_path_factory.mktemp("home")))


def read(raw: bytes) -> dict[str, Any]:
    """The properties of a message whose header frame holds these bytes, as py-amqp reads them."""
    message = Message()
    message.inbound_header(pack(">HHQ", 60, 0, 3) + raw)
    properties: dict[str, Any] = message.properties
    return properties


def made_channel() -> Any:
    """A channel of no connection."""
    return Channel(Connection(), 1, auto_decode=False)


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
def test_what_can_be_read_beside_odd_properties_is_read(raw: bytes) -> None:
    """An upstream's client sent properties that Python cannot read: the batch that it named beside them is known."""
    assert read(raw)["application_headers"]["batch"] == "odd-7"


def test_a_text_that_is_no_utf8_has_marks_in_it() -> None:
    """An upstream named its application in GBK: its other properties are read, and its name is not guessed."""
    properties = read(ODD["an app_id in GBK"])
    assert "�" in properties["app_id"]


def test_ordinary_properties_are_read_as_ever() -> None:
    """An upstream sent what others send too: each property has its own value and type."""
    sent = Message(
        "x",
        content_type="application/json",
        application_headers={"batch": "7", "number": 1, "list": [1, {"a": None}], "share": 0.5},
        delivery_mode=2,
        message_id="银行-1",
    )
    assert read(sent._serialize_properties()) == sent.properties


def test_an_entry_that_cannot_be_passed_by_ends_the_table() -> None:
    """An entry is of no kind that is known, or cut off: what stood before it is read."""
    for last in (short(b"unknown") + b"Z" + b"x", short(b"cut off") + b"L", b"\x20"):
        assert read(headers(BATCH, last)) == {"application_headers": {"batch": "odd-7"}}


@given(st.binary(max_size=200))
def test_any_bytes_are_properties(raw: bytes) -> None:
    """Somebody sent bytes of chance for properties: whatever was read, nothing was raised."""
    read(raw)


@pytest.mark.parametrize("key", [b"alert.l1", "警报".encode("gbk"), b"\xff" * 255], ids=["ours", "GBK", "long"])
def test_a_message_by_any_routing_key_is_delivered(key: bytes) -> None:
    """An upstream published by a routing key in GBK: the message reached whoever consumes, by some legible key."""
    came: list[Any] = []
    channel = made_channel()
    channel.callbacks["None1"] = came.append
    channel.dispatch_method(spec.Basic.Deliver, DELIVERY + short(b"alerts") + short(key), Message("x"))
    assert came[0].delivery_info["routing_key"] == key.decode("utf-8", "replace")
    assert came[0].delivery_info["delivery_tag"] == 7


def test_what_a_consumer_raises_is_raised_once() -> None:
    """A consumer's own fault over a text is no fault of the message's: it is not given the message twice."""
    came: list[Any] = []

    def consume(message: Any) -> None:
        came.append(message)
        b"\xff".decode()

    channel = made_channel()
    channel.callbacks["None1"] = consume
    with pytest.raises(UnicodeDecodeError):
        channel.dispatch_method(spec.Basic.Deliver, DELIVERY + short(b"alerts") + short(b"alert.l1"), Message("x"))
    assert len(came) == 1


def test_odd_entries_cost_no_more_than_they_are_long() -> None:
    """An upstream filled a frame with entries that cannot be read: they are passed by, and the last one is known."""
    many = [moment(f"t{number}", -1) for number in range(5_000)]
    assert read(headers(*many, nested(2_000), text("batch", "last")))["application_headers"]["batch"] == "last"
