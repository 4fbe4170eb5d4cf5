import json
import re
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from pydantic import BaseModel, TypeAdapter

from contracts.budget import CreditConsumed, CreditReleased, CreditReserved, CreditReturned
from contracts.catalogue import SERVICES
from regesta.event import Event, Registry

GOLDEN: Final = Path(__file__).parent / "golden"
CLASSES: Final = sorted({event for events in SERVICES.values() for event in events}, key=lambda event: event.name)
# The steps that stand alone: architecture, section 6, and the ° of the catalogue.
STEPS: Final = {
    *("fact-printed.v1", "amount-printed.v1", "allocation-printed.v1", "threshold-printed.v1"),
    *("milestone-planned.v1", "milestone-rescheduled.v1", "milestone-reached.v1", "milestone-cancelled.v1"),
    *("application-received.v1", "application-completed.v1", "impact-test-attached.v1"),
    *("opinion-requested.v1", "opinion-issued.v1", "opinion-overridden.v1"),
    *("approval-requested.v1", "approval-granted.v1", "approval-refused.v1", "approval-withdrawn.v1"),
    *("decision-notified.v1", "project-selected.v1", "contract-awarded.v1"),
    *("indicator-measured.v1", "measurement-corrected.v1"),
}


LedgerFact: TypeAlias = CreditReserved | CreditReleased | CreditConsumed | CreditReturned


class Sample(BaseModel):
    """One recorded event of an earlier release, kept for ever."""

    type: str
    data: dict[str, object]


def samples(service: str) -> list[Sample]:
    lines = (GOLDEN / f"{service}.ndjson").read_text(encoding="utf-8").splitlines()
    return [TypeAdapter(Sample).validate_json(line) for line in lines]


ALL: Final = [(service, sample) for service in SERVICES for sample in samples(service)]


@pytest.mark.parametrize(("service", "sample"), ALL)
def test_a_recorded_event_is_read_and_written_as_it_was(service: str, sample: Sample) -> None:
    event = Registry(SERVICES[service]).read(sample.type, json.dumps(sample.data))
    assert event is not None
    assert json.loads(event.model_dump_json(exclude_unset=True)) == sample.data
    assert not event.model_extra


@pytest.mark.parametrize("service", SERVICES)
def test_every_event_has_a_sample_with_every_field(service: str) -> None:
    full = {(sample.type, frozenset(sample.data)) for sample in samples(service)}
    assert {(event.name, frozenset(event.model_fields)) for event in SERVICES[service]} <= full


@pytest.mark.parametrize("event", CLASSES)
def test_an_event_is_named_as_its_class_and_says_what_it_is(event: type[Event]) -> None:
    words = re.findall(r"[A-Z][a-z]*", event.__name__)
    assert event.name == f"{'-'.join(words).lower()}.v1"
    assert event.__doc__
    assert event.__doc__ != Event.__doc__


def test_the_steps_that_stand_alone_and_no_others_can_be_withdrawn() -> None:
    assert {event.name for event in CLASSES if event.withdrawable} == STEPS


@pytest.mark.parametrize("event", CLASSES)
def test_an_event_that_a_system_reported_may_break_rules(event: type[Event]) -> None:
    assert "breaches" not in event.model_fields or "origin" in event.model_fields or event.name == "evidence-checked.v1"


@pytest.mark.parametrize("event", CLASSES)
def test_money_is_whole_cents_everywhere(event: type[Event]) -> None:
    for sample in (sample for _, sample in ALL if sample.type == event.name):
        for name in (name for name in sample.data if name.endswith("_cents")):
            amount = sample.data[name]
            wrong = {"state": "known", "value": 12.5} if isinstance(amount, dict) else 12.5
            with pytest.raises(ValueError, match=name):
                event.model_validate(sample.data | {name: wrong})


@pytest.mark.parametrize(
    ("kind", "sign"), [(CreditReserved, 1), (CreditReleased, -1), (CreditConsumed, 1), (CreditReturned, -1)]
)
def test_a_ledger_fact_knows_what_it_adds(kind: type[LedgerFact], sign: int) -> None:
    sample = next(sample for sample in samples("budget") if sample.type == kind.name)
    event = kind.model_validate(sample.data)
    assert event.signed_cents == sign * event.amount_cents != 0
