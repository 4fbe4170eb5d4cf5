"""Every span and metric that a process of ours emits, as data. docs/telemetry.md is written from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ATTRIBUTES = {
    "regesta.service": "The service.",
    "regesta.source": "The service whose log it is.",
    "regesta.events": "How many events.",
    "regesta.first": "Position of the first of them.",
    "regesta.last": "Position of the last of them.",
    "regesta.projection": "The read model, or `reaction:<name>:<source>`.",
    "regesta.type": "The type of the events.",
    "regesta.status": "`same`, `key`, `turn` or `conflict`, why the log did not append it.",
    "regesta.from": "`memory` or `log`.",
    "regesta.cause": "The cause, as `/readyz` names it.",
}
SERVICE, SOURCE, EVENTS, FIRST, LAST, PROJECTION, TYPE, STATUS, FROM, CAUSE = ATTRIBUTES
BATCH = (SOURCE, EVENTS, FIRST, LAST)


@dataclass(frozen=True, slots=True)
class Span:
    """A kind of span. name: may end with a part in braces, which each span says."""

    name: str
    description: str
    attributes: tuple[str, ...] = ()

    def named(self, part: str = "") -> str:
        """Return the name of one span."""
        return f"{self.name.partition('{')[0]}{part}"


DECIDE = Span("decide {command}", "One command, from its arrival at the decider to the append that proves its answer.")
APPEND = Span("append", "One unit in the group commit; linked to the requests whose commands it holds.")
FEED = Span("feed", "Events given to one reader of the feed; linked to the requests that caused them.", BATCH)
RELAY = Span("relay", "Events of the own log published to a topic; linked to the requests that caused them.", BATCH)
INTAKE = Span(
    "intake", "Another service's events stored in the replica; linked to the requests that caused them.", BATCH
)
PROJECT = Span("project", "A batch folded into read models; linked to the requests that caused its events.", BATCH)
REACT = Span(
    "react {reaction}", "One fact that a reaction answers with commands; in the trace of what caused the fact."
)
SPANS = (DECIDE, APPEND, FEED, RELAY, INTAKE, PROJECT, REACT)


class Kind(StrEnum):
    """How a metric is kept: counters only grow, gauges are measured as often as metrics are sent."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. unit: as UCUM has it. buckets: the bounds of a histogram, in this unit."""

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: tuple[str, ...] = (SERVICE,)
    buckets: tuple[float, ...] = ()


SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)

COMMANDS_WAITING = Metric(
    "regesta.commands.waiting", Kind.GAUGE, "{command}", "Commands that wait for their turn to be decided."
)
STREAMS_READ = Metric(
    "regesta.streams.read",
    Kind.COUNTER,
    "{stream}",
    "Streams that commands were decided on: kept in memory, or folded from the log first.",
    (SERVICE, FROM),
)
APPEND_WAITING = Metric("regesta.append.waiting", Kind.GAUGE, "{unit}", "Units that wait for the batch before them.")
APPEND_UNITS = Metric(
    "regesta.append.batch.units", Kind.HISTOGRAM, "{unit}", "Units of one batch of the group commit.", buckets=SIZES
)
APPEND_EVENTS = Metric(
    "regesta.append.batch.events", Kind.HISTOGRAM, "{event}", "Events of one batch of the group commit.", buckets=SIZES
)
APPEND_DURATION = Metric(
    "regesta.append.batch.duration",
    Kind.HISTOGRAM,
    "s",
    "From sending a batch until PostgreSQL has made it durable, with all that had to be sent again.",
    buckets=SECONDS,
)
APPEND_REFUSED = Metric(
    "regesta.append.refused",
    Kind.COUNTER,
    "{unit}",
    "Units that the log did not append: stored before, or decided on what another process has changed.",
    (SERVICE, STATUS),
)
APPEND_RETRIES = Metric(
    "regesta.append.retries", Kind.COUNTER, "{batch}", "Batches sent again, after a lost connection for instance."
)
LOG_HEAD = Metric(
    "regesta.log.head", Kind.GAUGE, "{event}", "How far the own log or a replica reaches.", (SERVICE, SOURCE)
)
FEED_EVENTS = Metric("regesta.feed.events", Kind.COUNTER, "{event}", "Events given to readers of the feed.")
RELAY_EVENTS = Metric("regesta.relay.events", Kind.COUNTER, "{event}", "Events published to the topic of the own log.")
RELAY_LAG = Metric(
    "regesta.relay.lag", Kind.GAUGE, "{event}", "Events of the own log still to be published; nothing without a broker."
)
RELAY_AGE = Metric("regesta.relay.age", Kind.GAUGE, "s", "Age of the oldest of these events; 0 when there is none.")
TOPIC_FOREIGN = Metric(
    "regesta.topic.foreign",
    Kind.COUNTER,
    "{record}",
    "Records in a source's topic that are no events of its log, and were left out.",
    (SERVICE, SOURCE),
)
TOPIC_LACKING = Metric(
    "regesta.topic.lacking",
    Kind.COUNTER,
    "{event}",
    "Events that a source's topic lacks, and that were taken from the source itself.",
    (SERVICE, SOURCE),
)
INTAKE_EVENTS = Metric(
    "regesta.intake.events", Kind.COUNTER, "{event}", "Events of another service that were taken in.", (SERVICE, SOURCE)
)
INTAKE_LAG = Metric(
    "regesta.intake.lag",
    Kind.GAUGE,
    "{event}",
    "Events of another service still to be taken in; nothing while it does not answer.",
    (SERVICE, SOURCE),
)
INTAKE_AGE = Metric(
    "regesta.intake.age",
    Kind.GAUGE,
    "s",
    "Age of the oldest of these events; 0 when there is none.",
    (SERVICE, SOURCE),
)
PROJECTION_EVENTS = Metric(
    "regesta.projection.batch.events",
    Kind.HISTOGRAM,
    "{event}",
    "Events of one batch that read models folded together.",
    (SERVICE, SOURCE),
    SIZES,
)
PROJECTION_DURATION = Metric(
    "regesta.projection.batch.duration",
    Kind.HISTOGRAM,
    "s",
    "From a batch that was read to the commit of its rows and its checkpoint.",
    (SERVICE, SOURCE),
    SECONDS,
)
PROJECTION_LAG = Metric(
    "regesta.projection.lag",
    Kind.GAUGE,
    "{event}",
    "Events that a read model or reaction has still to fold or answer.",
    (SERVICE, PROJECTION, SOURCE),
)
PROJECTION_AGE = Metric(
    "regesta.projection.age",
    Kind.GAUGE,
    "s",
    "Age of the oldest of these events; 0 when there is none.",
    (SERVICE, PROJECTION, SOURCE),
)
PROJECTION_PARKED = Metric(
    "regesta.projection.parked",
    Kind.GAUGE,
    "{stream}",
    "Streams that stand still in a read model.",
    (SERVICE, PROJECTION, SOURCE),
)
PROJECTION_UNKNOWN = Metric(
    "regesta.projection.unknown",
    Kind.COUNTER,
    "{event}",
    "Events of a type that this release does not know, which a read model went past.",
    (SERVICE, PROJECTION, SOURCE, TYPE),
)
READY_REASONS = Metric(
    "regesta.ready.reasons", Kind.GAUGE, "{reason}", "Reasons of `/readyz`, by cause; 0 when well.", (SERVICE, CAUSE)
)
METRICS = (
    COMMANDS_WAITING, STREAMS_READ,
    APPEND_WAITING, APPEND_UNITS, APPEND_EVENTS, APPEND_DURATION, APPEND_REFUSED, APPEND_RETRIES,
    LOG_HEAD, FEED_EVENTS, RELAY_EVENTS, RELAY_LAG, RELAY_AGE, TOPIC_FOREIGN, TOPIC_LACKING, INTAKE_EVENTS, INTAKE_LAG, INTAKE_AGE,
    PROJECTION_EVENTS, PROJECTION_DURATION, PROJECTION_LAG, PROJECTION_AGE, PROJECTION_PARKED, PROJECTION_UNKNOWN,
    READY_REASONS,
)  # fmt: skip
