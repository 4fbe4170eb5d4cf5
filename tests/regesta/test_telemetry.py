"""One trace leads from the request to what was recorded, and intake and projection link back to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from regesta import telemetry
from regesta.signals import FEED
from regesta.telemetry import LINKS, JsonLines, batch_span, link_to, links_to
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Collect all spans that are sampled. A process sets its tracer once, so the tests that use this share it."""
    provider = trace.get_tracer_provider()
    exporter = InMemorySpanExporter()
    if not hasattr(provider, "add_span_processor"):
        provider = telemetry.start("jars")
        AsyncPGInstrumentor().uninstrument()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


def linked(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """Return the spans of a name that are in our trace and link to it."""
    return [
        span
        for span in spans.get_finished_spans()
        if span.name == name
        and span.context is not None
        and trace.format_trace_id(span.context.trace_id) == TRACE
        and any(trace.format_trace_id(each.context.trace_id) == TRACE for each in span.links)
    ]


async def test_the_trace_of_a_request_goes_with_its_events(
    spans: InMemorySpanExporter, reused_database: FreshDatabase, jars_service: Served, issuer: Issuer
) -> None:
    follower = replace(
        taking_in(*jars.EVENTS, source="jars"),
        name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
    )  # fmt: skip
    root = jars_service.url.removesuffix("/jars/v1")
    settings = settings_of(await reused_database("kpi"), issuer, {"jars": root})
    async with served(follower, settings, issuer) as other, client(jars_service, traceparent=PARENT) as user:
        answer = await user.put("/jars/a/fills/r", json={"amount": 1})
        position = int(answer.json()["token"].partition(":")[2])
        assert await other.runtime.store.wait("jars", position - 1, 5)
        assert await jars_service.runtime.followers["jars"].reach(position, 5)
        (event,) = await other.runtime.store.read("jars", position - 1, 1)
        decided = [span for span in spans.get_finished_spans() if span.name == "decide fill"]
        assert event.traceparent is not None
        assert event.traceparent.split("-")[1] == TRACE
        assert [trace.format_trace_id(span.context.trace_id) for span in decided if span.context] == [TRACE]
    for name in ("append", "feed", "intake", "project"):
        assert len(linked(spans, name)) == 1, name


async def test_a_request_that_is_not_sampled_links_nothing(spans: InMemorySpanExporter, jars_service: Served) -> None:
    async with client(jars_service, traceparent=PARENT.removesuffix("1") + "0") as user:
        answer = await user.put("/jars/a/fills/r", json={"amount": 1})
    position = int(answer.json()["token"].partition(":")[2])
    assert await jars_service.runtime.followers["jars"].reach(position, 5)
    assert not linked(spans, "project")
    assert not linked(spans, "append")


@pytest.mark.parametrize(
    "parent", [None, "", "nonsense-01", PARENT[:-1] + "0", "00-" + "0" * 32 + "-b7ad6b7169203331-01"]
)
def test_no_link_to_what_is_no_span(parent: str | None) -> None:
    assert link_to(parent) is None


@pytest.mark.parametrize("flags", ["01", "03"])  # sampled; and with the flag of a random id, as our own traces have it
def test_a_link_to_a_sampled_span(flags: str) -> None:
    link = link_to(PARENT[:-2] + flags)
    assert link is not None
    assert trace.format_trace_id(link.context.trace_id) == TRACE


def test_links_are_few_and_each_once() -> None:
    parents = [f"00-{n:032x}-b7ad6b7169203331-01" for n in range(1, 50) for _ in (1, 2)]
    links = links_to([None, *parents])
    assert len(links) == LINKS
    assert len({link.context.trace_id for link in links}) == LINKS


def line(message: str) -> dict[str, str]:
    """Return the line that is written of a message logged now."""
    record = logging.LogRecord("regesta", logging.INFO, __file__, 1, message, None, None)
    told = json.loads(JsonLines().format(record))
    assert isinstance(told, dict)
    return told


def test_a_line_of_the_log_names_its_trace_and_none_where_several_requests_were_not_sampled(
    spans: InMemorySpanExporter,
) -> None:
    tracer = trace.get_tracer("test")
    with batch_span(tracer, FEED, [PARENT]):
        assert line("kept")["trace"] == TRACE
    with batch_span(tracer, FEED, [PARENT.removesuffix("1") + "0"]):
        assert "trace" not in line("not kept")
        with tracer.start_as_current_span("beneath"):
            assert "trace" not in line("beneath")
    assert [span.name for span in spans.get_finished_spans()] == ["feed"]
