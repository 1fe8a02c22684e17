"""Sealing of personal fields: AES-256-GCM with the key's id beside the value, and a keyed index for the phone.

The embedded default makes its keys on first start in a file that only its owner can read. A sealed value is bound
to its place (`aad`: table and row), so that it cannot be moved to another row unnoticed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class KeyMissing(Exception):
    """A value was sealed with a key that this keyring does not hold: give the old key back to the key file."""


class SealBroken(Exception):
    """A sealed value does not belong to this row, or was changed: restore it from a backup."""


@dataclass(frozen=True)
class Keyring:
    """The keys of a deployment: `current` seals, all of them open, `index_key` matches phones and bodies."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ciphers", {name: AESGCM(key) for name, key in self.keys.items()})

    def seal(self, plain: bytes, table: str, row: UUID) -> bytes:
        """Nonce and ciphertext, sealed with `current`, bound to (`table`, `row`)."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher(self.current).encrypt(nonce, plain, _place(table, row))

    def open(self, sealed: bytes, key_id: str, table: str, row: UUID) -> bytes:
        """What was sealed.

        Raises: KeyMissing: the key `key_id` is not in the ring. SealBroken: changed, or moved from another row.
        """
        cipher = self._cipher(key_id)
        try:
            return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _place(table, row))
        except (InvalidTag, ValueError) as fault:  # ValueError: too short to be sealed at all
            raise SealBroken(f"a value of {table} does not belong to its row, or was changed") from fault

    def index(self, kind: str, value: bytes) -> bytes:
        """32 bytes that are equal for equal values of one kind and tell nothing without the key."""
        return hmac.digest(self.index_key, kind.encode() + b"\0" + value, hashlib.sha256)

    def phone_index(self, phone: str) -> bytes:
        """The matching index of an E.164 phone."""
        return self.index("phone", phone.encode())

    def _cipher(self, key_id: str) -> AESGCM:
        ciphers: dict[str, AESGCM] = self.__dict__["_ciphers"]
        try:
            return ciphers[key_id]
        except KeyError:
            raise KeyMissing(f"key {key_id} is not in the key file") from None


def _place(table: str, row: UUID) -> bytes:
    return table.encode() + row.bytes


def make_keyring() -> Keyring:
    """Fresh random keys."""
    return Keyring("k1", {"k1": secrets.token_bytes(32)}, secrets.token_bytes(32))


def keyring_to_text(ring: Keyring) -> str:
    """The key file's JSON; whoever holds it can read everything."""
    return json.dumps(
        {
            "current": ring.current,
            "keys": {name: base64.b64encode(key).decode() for name, key in ring.keys.items()},
            "index_key": base64.b64encode(ring.index_key).decode(),
        },
        indent=1,
    )


def keyring_from_text(text: str) -> Keyring:
    """Read the key file's JSON.

    Raises: ValueError: not such a file, or a key that is not 32 bytes long.
    """
    try:
        body = json.loads(text)
        keys = {str(name): base64.b64decode(key, validate=True) for name, key in body["keys"].items()}
        ring = Keyring(str(body["current"]), keys, base64.b64decode(body["index_key"], validate=True))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as fault:
        raise ValueError('the key file must be JSON with "current", "keys" and "index_key"') from fault
    if ring.current not in keys or any(len(key) != 32 for key in (*keys.values(), ring.index_key)):
        raise ValueError("every key must be 32 bytes in base64, and current must name one of them")
    return ring


def load_keyring(path: Path) -> Keyring:
    """The keyring of `path`; made on first start, readable by the owner alone. Safe when several start at once.

    Raises: ValueError: the file is no key file. PermissionError: others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(keyring_to_text(make_keyring()))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: then its keys are the keys
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path.name} may be read by others: chmod 600 it")
    return keyring_from_text(path.read_text())
