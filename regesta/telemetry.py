"""Traces and metrics: how they are started, carried in events, and sent. What there is of both is in regesta.signals."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from itertools import chain, islice
from threading import Thread
from time import monotonic
from uuid import uuid4

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from regesta.event import Recorded
from regesta.signals import EVENTS, FIRST, LAST, SERVICE, SOURCE, Metric, Span

SAMPLED = 0.05
LINKS = 16
# How long a process that ends waits for a collector to take the last of it.
FLUSH_SECONDS = 5.0
MEASURE_SECONDS = 60.0

# Of a W3C trace context, whose last character has the flag.
SAMPLED_ENDS = frozenset("13579bdf")
UNSAMPLED = trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=False, trace_flags=trace.TraceFlags()))

_propagator = TraceContextTextMapPropagator()
_meter = metrics.get_meter("regesta")


def traceparent() -> str | None:
    """Return the W3C trace context of the current span, to be kept with an event; None outside a trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def link_to(parent: str | None) -> trace.Link | None:
    """Return a link to the span that recorded an event; None when it carries none or it was not sampled."""
    if parent is None or parent[-1:] not in SAMPLED_ENDS:
        return None
    context = trace.get_current_span(_propagator.extract({"traceparent": parent})).get_span_context()
    return trace.Link(context) if context.is_valid else None


def links_to(parents: Iterable[str | None]) -> list[trace.Link]:
    """Return links to the first LINKS spans that recorded events, each once."""
    links = (link_to(parent) for parent in dict.fromkeys(parents))
    return list(islice((link for link in links if link is not None), LINKS))


def span_within(tracer: trace.Tracer, name: str) -> AbstractContextManager[object]:
    """Return a span in the current trace; none in one that is not kept, where it would cost as much and tell nobody."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid and not current.trace_flags.sampled:
        return nullcontext()
    return tracer.start_as_current_span(name)


def batch_span(
    tracer: trace.Tracer, span: Span, parents: Iterable[str | None], part: str = ""
) -> AbstractContextManager[trace.Span]:
    """Return a span over what several requests caused: in the first sampled one's trace, with links to all of them.

    Where there are requests and none is sampled, nothing beneath is either.
    """
    causes = list(parents)
    links = links_to(causes)
    if not links and any(cause is not None for cause in causes):
        return trace.use_span(UNSAMPLED)
    context = trace.set_span_in_context(trace.NonRecordingSpan(links[0].context)) if links else None
    return tracer.start_as_current_span(span.named(part), context, links=links)


def positions(events: Sequence[Recorded]) -> dict[str, str | int]:
    """Return the attributes of a span over events of one log, at least one."""
    first, last = events[0], events[-1]
    return {SOURCE: first.source, EVENTS: len(events), FIRST: first.position, LAST: last.position}


def counter(metric: Metric) -> metrics.Counter:
    """Return the instrument of a metric that only grows. It costs next to nothing where metrics are not sent."""
    return _meter.create_counter(metric.name, metric.unit, metric.description)


def histogram(metric: Metric) -> metrics.Histogram:
    """Return the instrument of a metric whose values are spread."""
    return _meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.buckets
    )


class Gauge:
    """A metric that is measured now and then. What is not known any more is not told."""

    def __init__(self, metric: Metric) -> None:
        self._shown: dict[str, tuple[metrics.Observation, ...]] = {}
        _meter.create_observable_gauge(metric.name, [self._observe], metric.unit, metric.description)

    def show(self, service: str, values: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """Tell these values of a service, with their further attributes, in place of those of before."""
        self._shown[service] = tuple(
            metrics.Observation(value, {SERVICE: service, **attributes}) for attributes, value in values
        )

    def _observe(self, _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        return chain.from_iterable(list(self._shown.values()))


def measuring() -> bool:
    """Return whether metrics are sent, so that measuring is worth its while."""
    return isinstance(metrics.get_meter_provider(), MeterProvider)


def measure_seconds() -> float:
    """Return how often gauges are measured: as often as metrics are sent."""
    return float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", MEASURE_SECONDS * 1000)) / 1000


def start(service: str) -> TracerProvider:
    """Set the process's tracer and meter. Both send by OTLP over HTTP where the standard OTEL_* variables say so.

    Traces are sampled by parent, SAMPLED of the rest unless OTEL_TRACES_SAMPLER_ARG says otherwise. See `flush`.
    """
    resource = Resource.create({"service.name": f"regesta-{service}", "service.instance.id": str(uuid4())})
    ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", SAMPLED))
    # Not at exit: a signal ends the process without, and a collector that is away would hold up its end.
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False)
    if _sent("TRACES"):
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    AsyncPGInstrumentor().instrument(tracer_provider=provider)
    if _sent("METRICS"):
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics.set_meter_provider(MeterProvider([reader], resource=resource, shutdown_on_exit=False))
    return provider


def flush() -> None:
    """Send what was not sent yet, for the process is about to end. Gives up after FLUSH_SECONDS."""
    providers = trace.get_tracer_provider(), metrics.get_meter_provider()
    jobs: list[Callable[[], object]] = [
        provider.force_flush for provider in providers if isinstance(provider, TracerProvider | MeterProvider)
    ]
    # A thread that is left behind ends with the process.
    threads = [Thread(target=job, name="flush", daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    ends_at = monotonic() + FLUSH_SECONDS
    for thread in threads:
        thread.join(max(0.0, ends_at - monotonic()))


def _sent(signal: str) -> bool:
    """Return whether the environment names where this signal is sent."""
    named = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return os.environ.get(f"OTEL_{signal}_EXPORTER") != "none" and any(os.environ.get(name) for name in named)


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
        if context.is_valid and context.trace_id != UNSAMPLED.get_span_context().trace_id:  # which is no request's
            line["trace"] = trace.format_trace_id(context.trace_id)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_json(level: str = "INFO") -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
