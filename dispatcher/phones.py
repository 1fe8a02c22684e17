"""Whom a try is for: opened from its case or its unit, just before a carrier is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatcher.keys import Keyring
from dispatcher.words import Target


def phone_of(keys: Keyring, row: Mapping[str, Any]) -> str:
    """The phone of a dispatch: its unit's duty phone, or the person's own.

    `row` has target, case_id, unit_id, phone_sealed, key_id, duty_phone_sealed and unit_key_id. Raises: KeyMissing.
    """
    if row["target"] == Target.DUTY:
        return keys.open(row["duty_phone_sealed"], row["unit_key_id"], "units", row["unit_id"]).decode()
    return keys.open(row["phone_sealed"], row["key_id"], "cases", row["case_id"]).decode()
