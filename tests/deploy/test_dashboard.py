"""The dashboard asks only for what the services tell: each query names metrics and attributes that are declared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import promql_parser
import pytest

from regesta.signals import METRICS, Kind, Metric

DASHBOARD: Final = Path("deploy/observability/grafana/dashboards/regesta.json")
# As Prometheus names what comes by OTLP: units in braces count things, and are not part of a name.
UNITS: Final = {"s": "_seconds"}
ENDINGS: Final = {Kind.COUNTER: ("_total",), Kind.GAUGE: ("",), Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}
# What a histogram's bounds are called.
BOUND: Final = "le"
WORDS: Final = re.compile(r"by \(([^)]*)\)")


def names_of(metric: Metric) -> set[str]:
    """Return what Prometheus calls the series of a metric."""
    unit = "" if metric.unit.startswith("{") else UNITS[metric.unit]
    return {metric.name.replace(".", "_") + unit + ending for ending in ENDINGS[metric.kind]}


KNOWN: Final = {name: metric for metric in METRICS for name in names_of(metric)}


def queries() -> list[tuple[str, str, str]]:
    """Return the query of each line of each panel, with the panel's title and how the line is named."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], each["expr"], each["legendFormat"]) for panel in panels for each in panel["targets"]]


def selected(query: str) -> list[promql_parser.VectorSelector]:
    """Return what a query selects. Raises ValueError when it is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def visit(expression: promql_parser.Expr) -> bool:
        if isinstance(expression, promql_parser.VectorSelector):
            found.append(expression)
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def unknown(query: str, legend: str) -> Iterator[str]:
    """Yield what a query or the name of its line takes for granted and no process tells."""
    for each in selected(query):
        metric = KNOWN.get(each.name or "")
        if metric is None:
            yield f"no metric {each.name!r}"
            continue
        labels = {name.replace(".", "_") for name in metric.attributes}
        if metric.kind is Kind.HISTOGRAM:
            labels.add(BOUND)
        asked = {matcher.name for matcher in each.matchers.matchers}
        asked |= {word.strip() for by in WORDS.findall(query) for word in by.split(",")}
        asked |= set(re.findall(r"{{(\w+)}}", legend))
        yield from (f"no attribute {name!r} of {each.name!r}" for name in sorted(asked - labels))


@pytest.mark.parametrize(("title", "query", "legend"), queries())
def test_a_query_names_only_what_exists(title: str, query: str, legend: str) -> None:
    assert selected(query), title
    assert list(unknown(query, legend)) == []


@pytest.mark.parametrize(
    ("query", "legend", "wrong"),
    [
        ("regesta_relay_lagging", "", "no metric 'regesta_relay_lagging'"),
        ("regesta_relay_age", "", "no metric 'regesta_relay_age'"),
        ("rate(regesta_intake_events[5m])", "", "no metric 'regesta_intake_events'"),
        ("max by (regesta_source) (regesta_relay_lag)", "", "no attribute 'regesta_source' of 'regesta_relay_lag'"),
        ('regesta_relay_lag{service="kpi"}', "", "no attribute 'service' of 'regesta_relay_lag'"),
        ("regesta_relay_lag", "{{regesta_source}}", "no attribute 'regesta_source' of 'regesta_relay_lag'"),
    ],
)
def test_what_does_not_exist_is_found(query: str, legend: str, wrong: str) -> None:
    assert list(unknown(query, legend)) == [wrong]


def test_what_an_operator_looks_for_first_is_on_it() -> None:
    shown = {KNOWN[each.name or ""].name for _, query, _ in queries() for each in selected(query)}
    wanted = {
        "append.batch.events",
        "append.batch.duration",
        "relay.lag",
        "intake.lag",
        "projection.lag",
        "projection.parked",
    }
    assert shown >= {f"regesta.{name}" for name in wanted}
