"""Logs: one JSON object a line, ids and counts and never a person; the libraries that would say more are silenced."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from types import TracebackType

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
    "celery.pool",
    "celery.worker.strategy",
)

KEPT = ("_record", "_from_structlog", "exc_info", "level", "timestamp")


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
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _without_bodies,
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
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_thread_end


def _on_uncaught(kind: type[BaseException], fault: BaseException, place: TracebackType | None) -> None:
    """What nobody caught is logged like the rest: the usual traceback would repeat what was sent."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, fault, place)
        return
    logging.getLogger("uncaught").critical("ended by a fault", exc_info=(kind, fault, place))


def _on_thread_end(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and told.exc_type is not SystemExit:
        name = told.thread.name if told.thread is not None else "?"
        info = (told.exc_type, told.exc_value, told.exc_traceback)
        logging.getLogger("uncaught").critical("thread %s ended by a fault", name, exc_info=info)


def _without_bodies(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Libraries tell whole messages, a failed task's arguments too: their first line is kept, and no more.

    Source: celery 5.7, app/trace.py (`data`, `exc`) and worker/consumer/consumer.py (`body`); asyncio's `future:`.
    """
    record: logging.LogRecord | None = event.get("_record")
    if record is None or event.get("_from_structlog"):
        return event
    kept = {name: value for name, value in event.items() if name in KEPT}
    told = str(event.get("event", "")).strip().partition("\n")[0]
    task = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(task, Mapping):
        told = f"Task {task.get('name')} {task.get('description')}"
    return {"event": told, "logger": record.name, **kept}


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
