"""Traces as OpenTelemetry: only where QUANZU_OTLP_ENDPOINT says where to, and only with the extra `otel` installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import structlog

from config.faults import ConfigurationFault
from config.settings import Settings
from dispatcher.presence import our_version
from dispatcher.traces import Place, Span, Tell

log = structlog.get_logger("traces")

NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
MISSING = "QUANZU_OTLP_ENDPOINT: needs OpenTelemetry's parts: pip install 'quanzu[otel]', or leave it empty"


def cannot_trace() -> str | None:
    """What is missing for traces; None when nothing is."""
    return None if all(_is_there(name) for name in NEEDED) else MISSING


def listener(settings: Settings, part: str) -> Tell | None:
    """Where this process's spans go; None: nowhere, and nothing is done for them.

    Raises: ConfigurationFault: an endpoint is set, and the extra is not installed.
    """
    if not settings.otlp_endpoint:
        return None
    if (fault := cannot_trace()) is not None:
        raise ConfigurationFault([fault])
    exporter = import_module(NEEDED[1]).OTLPSpanExporter
    return Sender(lambda: exporter(endpoint=f"{settings.otlp_endpoint}/v1/traces"), part).tell


class Sender:
    """Spans out in batches, by a thread of their own; made anew after a fork. When it is full, spans are lost."""

    def __init__(self, exporter: Callable[[], Any], part: str) -> None:
        self._exporter = exporter
        self._part = part
        self._pid = 0
        self._processor: Any = None

    def tell(self, span: Span) -> None:
        """Send this span soon. Never raises."""
        try:
            self._processor_of_this_process().on_end(_as_theirs(span, self._resource))
        except Exception as fault:  # a trace is never worth a dispatch
            log.debug("span_lost", fault=type(fault).__name__)

    def flush(self) -> None:
        """Send what waits."""
        if self._processor is not None:
            self._processor.force_flush()

    def _processor_of_this_process(self) -> Any:
        if self._pid != os.getpid():
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor

            names = {"service.name": f"quanzu-{self._part}", "service.version": our_version()}
            self._resource = Resource.create(names)
            self._processor = BatchSpanProcessor(self._exporter())
            self._pid = os.getpid()
        return self._processor


def _as_theirs(span: Span, resource: Any) -> Any:
    """A span in OpenTelemetry's own form, its ids as we chose them."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Link, SpanKind
    from opentelemetry.trace.status import Status, StatusCode

    parent = None if span.parent is None else _context(Place(span.at.trace, span.parent))
    return ReadableSpan(
        name=span.name,
        context=_context(span.at),
        parent=parent,
        resource=resource,
        attributes=dict(span.attributes),
        links=[Link(_context(place)) for place in span.links],
        kind=SpanKind.CLIENT if span.name == "request" else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
        start_time=_nanoseconds(span.begun),
        end_time=_nanoseconds(span.ended),
    )


def _context(place: Place) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(place.trace, place.span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1_000


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
