"""Traces: how they are started, carried in events, and sent. Names of all spans are in SPANS, as data."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import islice

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SPANS = {
    "decide {command}": "One command, from its arrival at the decider to the append that proves its answer.",
    "append": "One unit in the group commit; linked to the requests whose commands it holds.",
    "intake": "One batch of another service's log stored in the replica; linked to the requests that caused its events.",
    "project": "One batch folded into read models; linked to the requests that caused its events.",
}
SAMPLED = 0.05
LINKS = 16

_propagator = TraceContextTextMapPropagator()


def traceparent() -> str | None:
    """Return the W3C trace context of the current span, to be kept with an event; None outside a trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def link_to(parent: str | None) -> trace.Link | None:
    """Return a link to the span that recorded an event; None when it carries none or it was not sampled."""
    if parent is None:
        return None
    context = trace.get_current_span(_propagator.extract({"traceparent": parent})).get_span_context()
    return trace.Link(context) if context.is_valid and context.trace_flags.sampled else None


def links_to(parents: Iterable[str | None]) -> list[trace.Link]:
    """Return links to the first LINKS spans that recorded events, each once."""
    links = (link_to(parent) for parent in dict.fromkeys(parents))
    return list(islice((link for link in links if link is not None), LINKS))


def batch_span(tracer: trace.Tracer, name: str, parents: Iterable[str | None]) -> AbstractContextManager[trace.Span]:
    """Return a span over what several requests caused: in the first sampled one's trace, with links to all of them."""
    links = links_to(parents)
    context = trace.set_span_in_context(trace.NonRecordingSpan(links[0].context)) if links else None
    return tracer.start_as_current_span(name, context, links=links)


def start(service: str, exporter: SpanExporter | None = None) -> TracerProvider:
    """Set the process's tracer. Spans go to `exporter`, else where the standard OTEL_* variables say, else nowhere.

    Sampled by parent, SAMPLED of the rest unless OTEL_TRACES_SAMPLER_ARG says otherwise.
    """
    ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", SAMPLED))
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"regesta-{service}"}),
        sampler=ParentBased(TraceIdRatioBased(ratio)),
    )
    if exporter is None and os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        exporter = OTLPSpanExporter()
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    AsyncPGInstrumentor().instrument(tracer_provider=provider)
    return provider


class JsonLines(logging.Formatter):
    """One JSON object a line, with the trace it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        context = trace.get_current_span().get_span_context()
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if context.is_valid:
            line["trace"] = trace.format_trace_id(context.trace_id)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_json(level: str = "INFO") -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
