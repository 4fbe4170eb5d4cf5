"""A collector for tests: takes what a process exports by OTLP over HTTP, and gives it back as it was meant."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

HERE = "127.0.0.1"
OURS = "regesta"
ARRIVED_SECONDS = 30.0

Attributes: TypeAlias = dict[str, str | int]


@dataclass(frozen=True)
class TakenSpan:
    """A span as it came. service: of the process; scope: what made it; ids in hexadecimal."""

    service: str
    scope: str
    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: Attributes


@dataclass(frozen=True)
class TakenMetric:
    """One value of a metric. value: the count of a histogram, else the number."""

    service: str
    scope: str
    name: str
    kind: str
    unit: str
    value: float
    attributes: Attributes


@dataclass
class Collector:
    """Listens on a port of its own while `taking`."""

    spans: list[TakenSpan] = field(default_factory=list)
    metrics: list[TakenMetric] = field(default_factory=list)
    url: str = ""

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables of a process that sends everything here, often."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_TRACES_SAMPLER_ARG": "1.0",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        } | variables

    @contextmanager
    def taking(self) -> Iterator[Collector]:
        """Take what comes meanwhile."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                {"/v1/traces": collector._take_spans, "/v1/metrics": collector._take_metrics}[self.path](body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer((HERE, 0), Handler)
        self.url = f"http://{HERE}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def until(self, arrived: Callable[[Collector], object]) -> None:
        """Return once this holds of what came."""
        deadline = time.monotonic() + ARRIVED_SECONDS
        while not arrived(self):
            assert time.monotonic() < deadline, sorted({(span.service, span.name) for span in self.spans})
            time.sleep(0.05)

    def in_trace(self, trace: str) -> list[TakenSpan]:
        """Return our own spans in a trace."""
        return [span for span in self.spans if span.trace == trace and span.scope.startswith(OURS)]

    def values(self, name: str, **attributes: str) -> list[float]:
        """Return the values that came of a metric with these attributes among its own, without `regesta.` before them."""
        wanted = {f"regesta.{key}": value for key, value in attributes.items()}.items()
        return [each.value for each in self.metrics if each.name == name and wanted <= each.attributes.items()]

    def _take_spans(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = str(_attributes(resource.resource.attributes)["service.name"])
            for scope in resource.scope_spans:
                self.spans += [_span(service, scope.scope.name, span) for span in scope.spans]

    def _take_metrics(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            service = str(_attributes(resource.resource.attributes)["service.name"])
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.metrics += _values(service, scope.scope.name, metric)


def _span(service: str, scope: str, span: Span) -> TakenSpan:
    return TakenSpan(
        service, scope, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),
        tuple(link.trace_id.hex() for link in span.links), _attributes(span.attributes),
    )  # fmt: skip


def _values(service: str, scope: str, metric: Metric) -> list[TakenMetric]:
    kind = metric.WhichOneof("data")
    match kind:
        case "histogram":
            found = [(point.attributes, float(point.count)) for point in metric.histogram.data_points]
        case "sum" | "gauge":
            points = metric.sum.data_points if kind == "sum" else metric.gauge.data_points
            found = [(point.attributes, point.as_double or float(point.as_int)) for point in points]
        case _:
            raise AssertionError(f"{metric.name} is a {kind}")
    return [
        TakenMetric(service, scope, metric.name, str(kind), metric.unit, value, _attributes(attributes))
        for attributes, value in found
    ]


def _attributes(found: Iterable[KeyValue]) -> Attributes:
    return {each.key: each.value.string_value or each.value.int_value for each in found}
