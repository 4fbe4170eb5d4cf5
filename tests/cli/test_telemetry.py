"""The published page of spans, metrics and reasons is that of the code."""

from __future__ import annotations

from cli.telemetry import PUBLISHED, text
from regesta import signals
from regesta.reasons import Cause
from regesta.signals import ATTRIBUTES, METRICS, SPANS, Kind, Metric, Span


def test_the_committed_page_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text("utf-8") == text(), "run make docs"


def test_everything_that_is_declared_is_on_the_page() -> None:
    declared = [each for each in vars(signals).values() if isinstance(each, Span | Metric)]
    assert set(declared) == {*SPANS, *METRICS}
    names = [each.name for each in declared] + [cause.code for cause in Cause]
    assert len(set(names)) == len(names) > 30
    assert not [name for name in names if f"| `{name}` |" not in text()]


def test_attributes_have_a_meaning_and_histograms_have_bounds() -> None:
    used = {name for each in (*SPANS, *METRICS) for name in each.attributes}
    assert used == set(ATTRIBUTES)
    assert {bool(each.buckets) for each in METRICS if each.kind is Kind.HISTOGRAM} == {True}
    assert {bool(each.buckets) for each in METRICS if each.kind is not Kind.HISTOGRAM} == {False}
