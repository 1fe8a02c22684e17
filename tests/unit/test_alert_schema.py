"""The schema that upstreams are given is the one that the code checks by."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_alert_reading import FULL, LEAST, with_

from cli.sample import make_sample
from dispatcher.alert import Message, Signal, Suspect, Victim, alert_json_schema
from dispatcher.alert.schema import alert_schema_text

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA = alert_json_schema()


def right(value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(value))


def test_the_schema_in_the_docs_is_todays() -> None:
    """An upstream's programmer who reads the docs reads what the code does."""
    assert (REFERENCE / "alert-v1.schema.json").read_text("utf-8") == alert_schema_text()
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_page_names_every_field_and_word() -> None:
    """Nobody has to guess: each field, and each word of a closed list, stands on the page."""
    page = (REFERENCE / "alert-schema.md").read_text("utf-8")
    for group, prefix in ((Message, ""), (Victim, "victim."), (Suspect, "suspect."), (Signal, "signal.")):
        for name in group.model_fields:
            assert f"`{prefix}{name}`" in page
    words = {word for part in _parts(SCHEMA) for word in part.get("enum", ()) if word is not None}
    assert all(word in page for word in words)


def _parts(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [part for item in schema for part in _parts(item)]
    if isinstance(schema, dict):
        return [schema, *(part for item in schema.values() for part in _parts(item))]
    return []


def test_what_we_send_fits_what_we_ask_for() -> None:
    """A sample alert, the fullest and the least all fit the schema."""
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    for line in make_sample(50, day=None, seed=1, now=now):
        assert right(json.loads(line))
    assert right(FULL)
    assert right(LEAST)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("risk", "L9"),
        ("colour", "red"),
        ("victim.nickname", "x"),
        ("victim.name", "\x00"),
        ("victim.name", "x" * 65),
        ("region", "1401"),
        ("signal.call_count", -1),
        ("signal.amount_yuan", "12"),
        ("victim.accounts", ["a"] * 21),
        ("test", "yes"),
        ("victim", None),
    ],
)
def test_the_schema_refuses_what_the_code_refuses(path: str, wrong: object) -> None:
    """An upstream that checks by the schema before sending finds its mistake at home."""
    assert not right(with_(path, wrong))
