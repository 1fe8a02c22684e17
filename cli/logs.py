"""Logs: one JSON object a line, ids and counts and never a person; the libraries that would say more are silenced."""

from __future__ import annotations

import logging
import sys

import structlog

TALKATIVE = (
    "httpx",
    "httpcore",
    "aiohttp",
    "sqlalchemy.engine",
    "kombu",
    "amqp",
    "alembic",
    "uvicorn.access",
    "celery.app.trace",
    "celery.worker.strategy",
)


def set_up_logs(level: str = "INFO") -> None:
    """Send everything to stderr as JSON lines. Safe to call twice."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_locals,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_locals(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception is told by its type and place: its message may repeat what was sent (a row's values, say)."""
    info = event.pop("exc_info", None)
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        place = info[2]
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place is not None else "?"
        event["exception"] = f"{info[0].__name__} in {where}"
    return event
