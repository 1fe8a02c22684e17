"""A task of the plain design as it stands on the wire: what `take_alert.delay(body)` sends (protocol 2)."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

QUEUE = "plain.alerts"
TAKE_ALERT = "plain.take_alert"


def described(body: bytes) -> tuple[str, dict[str, Any]]:
    """The message's body and its headers. Source: Celery's message protocol, version 2."""
    task_id = str(uuid4())
    told = json.dumps([[body.decode()], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    headers = {
        "lang": "py",
        "task": TAKE_ALERT,
        "id": task_id,
        "root_id": task_id,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": "(…)",
        "kwargsrepr": "{}",
        "ignore_result": True,
    }
    return told, headers
