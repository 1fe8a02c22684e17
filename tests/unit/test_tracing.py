"""Traces: everything about a case under the case's own id, nothing of a person, and nothing at all unless asked for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cli import telemetry
from config.faults import ConfigurationFault
from config.settings import load_settings
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.ids import new_id
from dispatcher.intake import Result, Status
from dispatcher.traces import Place, Span, place_of, read_header
from dispatcher.words import Answer, Channel
from workers import tracing

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(milliseconds=40)
PHONE = "+8613800000000"
UPSTREAM = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    """What is told while somebody listens."""
    told: list[Span] = []
    tracing.begin(told.append)
    yield told
    tracing.begin(None)


def letter(case: UUID) -> Letter:
    """A text of this case on its way."""
    told = {"carrier": "simulator", "risk": "L1", "planned_at": NOON, "case_id": case}
    return Letter(new_id(), new_id(), 1, 1, "ref1", Channel.SMS, PHONE, "…", False, **told)


def accepted(case: UUID, *, merged: bool = False) -> Result:
    """An alert that this case has taken."""
    return Result(Status.ACCEPTED, "bank", "B-1", new_id(), case, merged)


def test_everything_of_a_case_is_one_trace(spans: list[Span]) -> None:
    """An alert, a second one that joined, and a text, in three processes: one trace, whose id is the case's."""
    case = new_id()
    tracing.accepted("queue", [accepted(case)], [{"traceparent": UPSTREAM}], NOON)
    tracing.accepted("queue", [accepted(case, merged=True)], [None], NOON)
    place = tracing.request()
    one = letter(case)
    tracing.answered(place, [one], [Answered(Answer.ACCEPTED)], NOON, LATER)
    first, second, text, request = spans
    assert first.at == place_of(case) and first.parent is None
    assert first.links == [Place(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)]
    assert second.at.trace == text.at.trace == case.int
    assert second.parent == text.parent == first.at.span
    assert f"{text.at.trace:032x}" == case.hex
    assert request.at == place and request.links == [text.at] and text.links == [place]


def test_spans_carry_ids_and_nothing_of_a_person(spans: list[Span]) -> None:
    """A text went to a person: no span says to whom, or what."""
    one = letter(new_id())
    tracing.answered(tracing.request(), [one], [Answered(Answer.UNSURE, code="timeout")], NOON, LATER)
    assert PHONE not in repr(spans) and one.text not in repr(spans)
    assert spans[0].failed and spans[0].attributes["quanzu.answer"] == "unsure"


def test_a_refused_alert_stays_in_its_senders_trace(spans: list[Span]) -> None:
    """An alert without a case was refused: its sender finds the dead letter in its own trace."""
    dead = new_id()
    tracing.accepted(
        "queue", [Result(Status.REFUSED, "bank", None, dead_letter=dead)], [{"traceparent": UPSTREAM}], NOON
    )
    (span,) = spans
    assert span.at.trace == 0x0AF7651916CD43DD8448EB211C80319C and span.parent == 0xB7AD6B7169203331
    assert span.attributes["quanzu.dead_letter"] == str(dead)


NO_TRACE = UPSTREAM.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)


@pytest.mark.parametrize("header", [None, 7, "", "00-xyz", UPSTREAM.upper(), NO_TRACE, "a" * 9999])
def test_a_header_that_says_nothing_is_no_fault(header: object) -> None:
    """An upstream sends nonsense as its trace: the alert is taken, without a link."""
    assert read_header(header) is None


def test_each_request_carries_its_own_place(spans: list[Span]) -> None:
    """Two requests to a carrier go out at the same time: each carries the place of its own span."""
    sent: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["traceparent"])
        await asyncio.sleep(0)
        return httpx.Response(200)

    async def one(client: httpx.AsyncClient) -> str:
        place = tracing.request()
        await asyncio.sleep(0.01)
        await client.post("http://carrier/sms")
        assert place is not None
        return place.header

    async def both() -> Sequence[str]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=tracing.hooks()) as client:
            return await asyncio.gather(one(client), one(client))

    assert sorted(asyncio.run(both())) == sorted(sent) and len(set(sent)) == 2


def test_nobody_listens_and_nothing_is_done() -> None:
    """No endpoint is set: no request carries a header, and nothing is remembered."""
    tracing.begin(None)
    assert tracing.request() is None and tracing.hooks() == {}
    tracing.answered(None, [letter(new_id())], [Answered(Answer.ACCEPTED)], NOON, LATER)
    assert telemetry.listener(load_settings({"otlp_endpoint": ""}), "web") is None


def test_an_endpoint_without_the_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator set the endpoint and installed nothing: the start ends with what to install."""
    monkeypatch.setattr("cli.telemetry.find_spec", lambda _name: None)
    with pytest.raises(ConfigurationFault, match=r"pip install 'quanzu\[otel\]'"):
        telemetry.listener(load_settings({"otlp_endpoint": "http://127.0.0.1:4318"}), "web")


def test_opentelemetry_has_our_ids_times_and_links() -> None:
    """A span reaches a trace store as what we told: the case's id as the trace's, begin, end, parent, links."""
    memory = InMemorySpanExporter()
    sender = telemetry.Sender(lambda: memory, "worker-urgent")
    case, request = new_id(), Place(1, 2)
    sender.tell(Span("dispatch text", place_of(case, new_id()), NOON, LATER, 7, {"quanzu.attempt": 1}, [request], True))
    sender.flush()
    (span,) = memory.get_finished_spans()
    assert span.context is not None and span.parent is not None
    assert f"{span.context.trace_id:032x}" == case.hex and span.parent.span_id == 7
    assert span.end_time is not None and span.start_time is not None
    assert span.end_time - span.start_time == 40_000_000
    assert span.links[0].context.trace_id == 1 and not span.status.is_ok
    assert span.resource.attributes["service.name"] == "quanzu-worker-urgent"


def test_a_forked_child_sends_too() -> None:
    """A pool's process was forked after its parent had sent: it sends by a thread of its own."""
    memory = InMemorySpanExporter()
    sender = telemetry.Sender(lambda: memory, "worker-urgent")
    sender.tell(Span("request", Place(1, 2), NOON, LATER))
    pid = os.fork()
    if pid == 0:
        sender.tell(Span("request", Place(3, 4), NOON, LATER))
        sender.flush()
        traces = {span.context.trace_id for span in memory.get_finished_spans() if span.context}
        os._exit(0 if 3 in traces else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_trace_store_that_breaks_costs_no_dispatch() -> None:
    """The exporter cannot even be made: the worker goes on."""

    def broken() -> object:
        raise RuntimeError("no such host")

    telemetry.Sender(broken, "web").tell(Span("request", Place(1, 2), NOON, LATER))
