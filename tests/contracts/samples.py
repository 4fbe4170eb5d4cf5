"""Samples of recorded events, kept for ever: one line of golden/<service>.ndjson each, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from contracts.catalogue import SERVICES, ever_recorded
from regesta.event import Event, Registry
from regesta.unit import data_of

GOLDEN: Final = Path(__file__).parent / "golden"


class Fact(BaseModel):
    """An event as a log holds it."""

    model_config = ConfigDict(extra="forbid")

    type: str
    data: dict[str, JsonValue]


class Sample(Fact):
    """A recorded event. newest: what it is read as, when its class is replaced."""

    newest: Fact | None = None


def samples(service: str) -> list[Sample]:
    lines = (GOLDEN / f"{service}.ndjson").read_text(encoding="utf-8").splitlines()
    return [Sample.model_validate_json(line) for line in lines]


ALL: Final = [(service, sample) for service in SERVICES for sample in samples(service)]


def faults(events: Sequence[type[Event]], kept: Sequence[Sample]) -> Iterator[str]:
    """Yield what is wrong with the samples of a service that records these events."""
    classes = {event.name: event for event in ever_recorded(events)}
    full = {(sample.type, frozenset(sample.data)) for sample in kept}
    for name, event in classes.items():
        if (name, frozenset(event.model_fields)) not in full:
            yield f"{name} has no sample with every field"
    registry = Registry(events)
    for sample in kept:
        if sample.type not in classes:
            yield f"{sample.type} is recorded, and no class reads it"
        else:
            yield from _faults_of(sample, classes[sample.type], registry)


def _faults_of(sample: Sample, event: type[Event], registry: Registry) -> Iterator[str]:
    text = json.dumps(sample.data)
    try:
        read = event.model_validate_json(text, extra="allow")
        newest = registry.read(sample.type, text)
    except Exception as error:  # noqa: BLE001 - whatever a class or an upcast raises
        yield f"{sample.type} cannot be read: {error!r}"
        return
    if json.loads(read.model_dump_json(exclude_unset=True)) != sample.data or read.model_extra:
        yield f"{sample.type} is not written as it was"
    assert newest is not None
    if registry.read(newest.name, data_of(newest)) != newest:
        yield f"{newest.name} is not read as it is written"
    if not registry.replaced(read):
        return
    if sample.newest is None:
        yield f"{sample.type} is replaced, and its sample does not say what it is read as"
    elif sample.newest != Fact(type=newest.name, data=json.loads(data_of(newest))):
        yield f"{sample.type} is read as another {newest.name} than it was"
