"""What a process measures as often as its metrics are sent: queues, heads, lags, what is parked, and why it is not ready."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from regesta.health import reasons_of
from regesta.lag import Lag, lags
from regesta.outage import passes
from regesta.reasons import Cause, Reason
from regesta.relay import unpublished
from regesta.runtime import Runtime
from regesta.signals import (
    APPEND_WAITING,
    CAUSE,
    COMMANDS_WAITING,
    INTAKE_AGE,
    INTAKE_LAG,
    LOG_HEAD,
    PROJECTION,
    PROJECTION_AGE,
    PROJECTION_LAG,
    PROJECTION_PARKED,
    READY_REASONS,
    RELAY_AGE,
    RELAY_LAG,
    SOURCE,
)
from regesta.telemetry import Gauge, measure_seconds

commands, units, heads = Gauge(COMMANDS_WAITING), Gauge(APPEND_WAITING), Gauge(LOG_HEAD)
intake_lag, intake_age = Gauge(INTAKE_LAG), Gauge(INTAKE_AGE)
lag, age, parked = Gauge(PROJECTION_LAG), Gauge(PROJECTION_AGE), Gauge(PROJECTION_PARKED)
reasons = Gauge(READY_REASONS)
relay_lag, relay_age = Gauge(RELAY_LAG), Gauge(RELAY_AGE)
OF_THE_DATABASE = (heads, lag, age, parked, relay_lag, relay_age)
ALL = (commands, units, *OF_THE_DATABASE, intake_lag, intake_age, reasons)


async def measure_always(runtime: Runtime) -> None:
    """Measure until cancelled; then nothing of this service is told any more."""
    try:
        while True:
            await measure(runtime)
            await asyncio.sleep(measure_seconds())
    finally:
        for gauge in ALL:
            gauge.show(runtime.service.name, ())


async def measure(runtime: Runtime) -> None:
    """Measure once. What the database or a source does not tell now is unknown, and not told on."""
    service = runtime.service.name
    commands.show(service, [({}, runtime.decider.waiting)])
    units.show(service, [({}, runtime.store.waiting)])
    tell(service, await reasons_of(runtime))
    try:
        await _measure_database(runtime)
    except Exception as error:
        if not passes(error):
            raise
        for gauge in OF_THE_DATABASE:
            gauge.show(service, ())
    behind_all = await asyncio.gather(*(intake.behind() for intake in runtime.intakes))
    told = zip(runtime.intakes, behind_all, strict=True)
    known = [({SOURCE: intake.source}, behind) for intake, behind in told if behind is not None]
    intake_lag.show(service, [(labels, each.head - each.position) for labels, each in known])
    intake_age.show(service, [(labels, each.seconds) for labels, each in known])


def tell(service: str, found: Iterable[Reason]) -> None:
    """Measure why a service is not ready or degraded."""
    count = Counter(reason.cause for reason in found)
    reasons.show(service, [({CAUSE: cause.code}, count[cause]) for cause in Cause])


async def _measure_database(runtime: Runtime) -> None:
    service = runtime.service
    reached = {source: (await runtime.store.head(source)).position for source in (service.name, *service.sources)}
    heads.show(service.name, [({SOURCE: source}, position) for source, position in reached.items()])
    if runtime.relay is not None:
        left = await unpublished(runtime.pool)
        relay_lag.show(service.name, [({}, left.events)])
        relay_age.show(service.name, [({}, left.seconds)])
    mine = [each for each in await lags(runtime.pool, service.name) if _ours(runtime, each)]
    labels = [{PROJECTION: each.projection, SOURCE: each.source} for each in mine]
    lag.show(service.name, zip(labels, (each.events for each in mine), strict=True))
    age.show(service.name, zip(labels, (each.seconds for each in mine), strict=True))
    parked.show(service.name, zip(labels, (each.parked for each in mine), strict=True))


def _ours(runtime: Runtime, found: Lag) -> bool:
    """Return whether a checkpoint is of this release: an older version of a read model may still be there."""
    mine = {(each.name, each.version) for each in runtime.service.projections} | {
        (each.name, each.version) for each in runtime.reactings
    }
    return (found.projection, found.version) in mine
