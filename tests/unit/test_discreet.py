"""Who inspects a worker learns nothing of anybody."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from celery.worker import request as requests
from kombu import Message
from kombu.utils.imports import symbol_by_name

from config.settings import Settings
from workers.app import make_celery
from workers.names import SUBMIT

PHONE = "13800001234"


def test_an_inspected_worker_tells_no_alert(tmp_path: Path) -> None:
    """An upstream that has Celery sent an alert, and an operator inspects the worker: no phone number is shown."""
    app: Any = make_celery(Settings(home=tmp_path))
    app.loader.import_default_modules()
    task = app.tasks[SUBMIT]
    sent = app.amqp.as_task_v2("1", SUBMIT, ([{"phone": PHONE}],), {})
    assert PHONE in str(sent.headers["argsrepr"])
    message: Any = Message(
        json.dumps(sent.body),
        content_type="application/json",
        content_encoding="utf-8",
        headers=sent.headers,
        properties=sent.properties,
    )
    pool = SimpleNamespace(apply_async=None)
    made: Any = requests
    request = made.create_request_cls(symbol_by_name(task.Request), task, pool, "inspector", None)(message, app=app)
    told = str(request.info(safe=True)) + repr(request)
    assert SUBMIT in told
    assert PHONE not in told
