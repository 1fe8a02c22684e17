"""Sealing: what is sealed opens in its own row with its own key, and nowhere else; the key file is the owner's."""

from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.ids import new_id
from dispatcher.keys import (
    KeyMissing,
    Keyring,
    SealBroken,
    keyring_from_text,
    keyring_to_text,
    load_keyring,
    make_keyring,
)

RING = make_keyring()
ROW = new_id()
PHONE = "+8613800138000"


@given(st.binary(max_size=300), st.uuids())
def test_what_is_sealed_opens(plain: bytes, row: UUID) -> None:
    """Any value of any row comes back as it was, and does not show through."""
    sealed = RING.seal(plain, "cases", row)
    assert RING.open(sealed, RING.current, "cases", row) == plain
    assert len(plain) < 4 or plain not in sealed


def test_a_value_moved_to_another_row_or_table_does_not_open() -> None:
    """Grandmother's phone pasted into another case is noticed."""
    sealed = RING.seal(PHONE.encode(), "cases", ROW)
    for table, row in (("cases", new_id()), ("alerts", ROW)):
        with pytest.raises(SealBroken) as broken:
            RING.open(sealed, RING.current, table, row)
        assert PHONE not in str(broken.value)


@pytest.mark.parametrize("at", [0, 11, 12, -1])
def test_a_changed_value_does_not_open(at: int) -> None:
    """One bit is enough."""
    sealed = bytearray(RING.seal(PHONE.encode(), "cases", ROW))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        RING.open(bytes(sealed), RING.current, "cases", ROW)


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_a_cut_value_does_not_open(length: int) -> None:
    """Half a row from a broken backup is told as broken, whatever its length."""
    sealed = RING.seal(PHONE.encode(), "cases", ROW)
    with pytest.raises(SealBroken):
        RING.open(sealed[:length], RING.current, "cases", ROW)


def test_an_old_key_still_opens_and_a_missing_one_is_named() -> None:
    """After a rotation old values open by their key's id; without that key the error says which is missing."""
    sealed = RING.seal(b"x", "cases", ROW)
    rotated = Keyring("k2", {**RING.keys, "k2": bytes(range(32))}, RING.index_key)
    assert rotated.open(sealed, "k1", "cases", ROW) == b"x"
    assert rotated.open(rotated.seal(b"y", "cases", ROW), "k2", "cases", ROW) == b"y"
    with pytest.raises(KeyMissing, match="k1"):
        Keyring("k2", {"k2": bytes(32)}, RING.index_key).open(sealed, "k1", "cases", ROW)


def test_the_index_matches_and_tells_nothing() -> None:
    """One person has one index under one key; another kind, person or key gives another."""
    index = RING.phone_index(PHONE)
    assert len(index) == 32
    assert index == RING.phone_index(PHONE)
    other = replace(RING, index_key=bytes(32))
    assert (
        len({index, RING.phone_index("+8613800138001"), RING.index("body", PHONE.encode()), other.phone_index(PHONE)})
        == 4
    )


def test_a_keyring_shows_no_key() -> None:
    """A log line of a keyring has nothing in it."""
    assert str(RING.index_key) not in repr(RING)
    assert "keys=" not in repr(RING)


def test_keys_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """Eight processes start at once on an empty home: one set of keys, mode 0600, no draft left behind."""
    path, rings, start = tmp_path / "home" / "keys.json", list[str](), threading.Barrier(8)

    def first_start() -> None:
        start.wait()
        rings.append(keyring_to_text(load_keyring(path)))

    threads = [threading.Thread(target=first_start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(rings)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Mode 0644: refused, with the command that mends it and no machine path."""
    path = tmp_path / "keys.json"
    load_keyring(path)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600") as refused:
        load_keyring(path)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        json.dumps({"current": "k1", "keys": {}, "index_key": "AAAA"}),
        json.dumps({"current": "k2", "keys": json.loads(keyring_to_text(RING))["keys"], "index_key": "AAAA"}),
        keyring_to_text(RING).replace('"current": "k1"', '"current": "k9"'),
        keyring_to_text(RING).replace('"k1": "', '"k1": "!'),
        json.dumps({"current": "k1", "keys": {"k1": "AAAAAAAAAAAAAAAAAAAAAA=="}, "index_key": "AAAA"}),
        json.dumps({"current": "k1", "keys": ["k1"], "index_key": "AAAA"}),
    ],
    # a key that is made anew by each process must not be a part of a test's name
    ids=(
        "empty",
        "list",
        "null",
        "nothing",
        "no key",
        "other key",
        "no such key",
        "no base64",
        "too short",
        "keys listed",
    ),
)
def test_a_broken_key_file_is_a_value_error(text: str) -> None:
    """Whatever is in it: ValueError, and no key in the message."""
    with pytest.raises(ValueError) as fault:  # any ValueError is right
        keyring_from_text(text)
    assert json.loads(keyring_to_text(RING))["keys"]["k1"] not in str(fault.value)


def test_a_key_file_comes_back(tmp_path: Path) -> None:
    """What was written is read."""
    again = keyring_from_text(keyring_to_text(RING))
    assert (again.current, again.keys, again.index_key) == (RING.current, RING.keys, RING.index_key)
