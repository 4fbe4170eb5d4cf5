import re
from typing import Final, TypeAlias

import pytest
from pydantic import JsonValue

from contracts.budget import CreditConsumed, CreditReleased, CreditReserved, CreditReturned
from contracts.catalogue import SERVICES, ever_recorded
from regesta.event import Event, Upcast
from tests.contracts.samples import ALL, Fact, Sample, faults, samples

CLASSES: Final = sorted(
    {event for events in SERVICES.values() for event in ever_recorded(events)}, key=lambda event: event.name
)
REPLACED: Final = {upcast.old for event in CLASSES for upcast in event.replaces}
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


class Done(Event):
    name = "thing-done.v3"
    count: int
    by: str | None = None


def _counted(old: "DoneV2") -> Done:
    return Done(count=len(old.which), by=old.by)


class DoneV2(Event):
    name = "thing-done.v2"
    which: list[str]
    by: str | None = None


Done.replaces = (Upcast(DoneV2, _counted),)
OLD: Final = Sample(type=DoneV2.name, data={"which": ["a", "b"], "by": "me"})
READ_AS: Final = Fact(type=Done.name, data={"count": 2, "by": "me"})
NEW: Final = Sample(type=Done.name, data={"count": 1, "by": "me"})


@pytest.mark.parametrize("service", SERVICES)
def test_every_version_ever_recorded_has_samples_that_are_read_for_ever(service: str) -> None:
    assert list(faults(SERVICES[service], samples(service))) == []


def with_newest(**changes: JsonValue) -> Sample:
    return OLD.model_copy(update={"newest": Fact(type=READ_AS.type, data=READ_AS.data | changes)})


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([NEW, with_newest()], []),
        ([NEW], ["thing-done.v2 has no sample with every field"]),
        ([with_newest()], ["thing-done.v3 has no sample with every field"]),
        (
            [NEW.model_copy(update={"data": {"count": 1}}), with_newest()],
            ["thing-done.v3 has no sample with every field"],
        ),
        ([NEW, OLD], ["thing-done.v2 is replaced, and its sample does not say what it is read as"]),
        ([NEW, with_newest(count=3)], ["thing-done.v2 is read as another thing-done.v3 than it was"]),
        (
            [NEW, with_newest(), OLD.model_copy(update={"type": "thing-done.v1"})],
            ["thing-done.v1 is recorded, and no class reads it"],
        ),
        (
            [NEW, with_newest(), NEW.model_copy(update={"data": NEW.data | {"gone": 1}})],
            ["thing-done.v3 is not written as it was"],
        ),
    ],
)
def test_what_is_wrong_with_samples_is_named(kept: list[Sample], said: list[str]) -> None:
    assert list(faults((Done,), kept)) == said


def test_a_sample_that_a_class_or_an_upcast_cannot_read_is_named() -> None:
    unread = NEW.model_copy(update={"data": {"count": "many"}})
    (fault,) = faults((Done,), [NEW, with_newest(), unread])
    assert fault.startswith("thing-done.v3 cannot be read: ")


@pytest.mark.parametrize("event", CLASSES)
def test_an_event_is_named_as_its_class_and_says_what_it_is(event: type[Event]) -> None:
    kind, _, version = event.name.rpartition(".v")
    words = re.findall(r"[A-Z][a-z]*", event.__name__.removesuffix(f"V{version}"))
    assert kind == "-".join(words).lower()
    assert event.__name__.endswith(f"V{version}") == (event in REPLACED)
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
