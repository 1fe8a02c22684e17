"""How a worker takes a Celery message: only what has a task's shape, and nothing that a sender demands besides."""

from __future__ import annotations

import pickle
from typing import Any

from celery.exceptions import InvalidTaskError
from celery.worker.request import Request

Untyped: Any = Request
"""celery-types knows few of its attributes."""

UNHEEDED = ("timelimit", "stamped_headers", "stamps")
DEEPER = 60
"""Levels of nesting between here and where Celery pickles a request for its pool."""


class SoundRequest(Untyped):  # type: ignore[misc]  # see Untyped
    """A message that a pool can take. One that it could not would end the worker, or stand in its way for ever.

    A sender's own time limits and stamps are not heeded.

    Raises: InvalidTaskError: it has not a task's shape; the message is set aside.
    """

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        embedded = None if self._decoded else message.payload[2]
        shapes = ((self.id, str), (self._args, list | tuple), (self._kwargs, dict), (embedded, dict | None))
        if not all(isinstance(value, kind) for value, kind in shapes):
            raise InvalidTaskError("not a task's shape")
        self.time_limits = (None, None)
        request = self._request_dict
        for name in UNHEEDED:
            request.pop(name, None)
        request["args"], request["kwargs"] = (), {}  # read from the body by whoever runs it
        probe: Any = (request, self._body if self._decoded else None)
        for _ in range(DEEPER):
            probe = [probe]
        try:
            pickle.dumps(probe)
        except RecursionError as fault:
            raise InvalidTaskError("nested too deeply") from fault


class Discreet(SoundRequest):
    """A message of alerts: whoever inspects a worker (Flower, `celery inspect`) is not told what they say.

    They are taken as they come: none is held back in a worker's memory, or dropped because it came late.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._argsrepr = self._kwargsrepr = "..."
        self._eta = self._expires = None
