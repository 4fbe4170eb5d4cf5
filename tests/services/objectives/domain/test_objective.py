from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.objectives import (
    AmountPrinted,
    DeadlineSet,
    FactPrinted,
    FieldStated,
    StaffEstimated,
    StatusReported,
    UnitAssigned,
    UnitReleased,
)
from contracts.types import NONE, Section, Text
from regesta.command import Command
from services.objectives.domain import errors
from services.objectives.domain.objective import (
    AssignUnit,
    EstimateStaff,
    PrintAmount,
    PrintFact,
    ReleaseUnit,
    ReportStatus,
    SetDeadline,
    StateField,
)
from tests.services.objectives.samples import ACTION, NEW, domain

HERE = f"objective/{ACTION}"
PLANNED = Section(year=2024, kind="planned")
FIELD = StateField(objective=ACTION, field="output", value=NONE, section=PLANNED, as_printed="Néant")
DUE = {"state": "known", "value": {"kind": "day", "day": "2024-41"}}
DEADLINE = SetDeadline.model_validate(
    {"objective": ACTION, "deadline": DUE, "section": {"year": 2024, "kind": "planned"}}
)
STATUS = ReportStatus(objective=ACTION, status="in_progress", as_printed="en cours")
LESS = {"objective": ACTION, "fte": {"state": "known", "value": "-0.5"}}
STAFF = EstimateStaff.model_validate({"objective": ACTION, "fte": {"state": "known", "value": "0.5"}})
LEAD = AssignUnit(objective=ACTION, unit="bup", role="lead")
STATEMENTS = [
    (FIELD, FieldStated(field="output", value=NONE, section=PLANNED, as_printed="Néant")),
    (DEADLINE, DeadlineSet(deadline=DEADLINE.deadline, section=PLANNED)),
    (STATUS, StatusReported(status="in_progress", as_printed="en cours")),
    (STAFF, StaffEstimated(fte=STAFF.fte)),
]


@pytest.mark.parametrize(("command", "event"), STATEMENTS)
def test_the_latest_statement_counts(command: Command, event: object) -> None:
    here = domain()
    assert here.when(command) == {HERE: [event]}
    assert here.when(command) == {}
    other = command.model_copy(update={"as_printed": "autrement"})
    assert here.when(other) != {}
    assert here.when(command) == {HERE: [event]}, "what was said before is said again"


@pytest.mark.parametrize(
    ("command", "update"),
    [
        (FIELD, {"field": "partners"}),
        (FIELD, {"section": Section(year=2023, kind="planned")}),
        (FIELD, {"section": Section(year=2024, kind="realised")}),
        (DEADLINE, {"section": None}),
        (STATUS, {"section": PLANNED}),
        (STAFF, {"basis": "actual"}),
        (STAFF, {"unit": "bup"}),
        (STAFF, {"per": "contract"}),
    ],
)
def test_statements_about_different_things_stand_together(command: Command, update: dict[str, object]) -> None:
    here = domain()
    here.when(command)
    assert here.when(command.model_copy(update=update)) != {}
    assert here.when(command) == {}


@pytest.mark.parametrize("command", [each for each, _ in STATEMENTS] + [LEAD])
def test_nothing_is_said_about_what_nobody_registered(command: Command) -> None:
    with pytest.raises(errors.UnknownObjective, match=NEW):
        domain().when(command.model_copy(update={"objective": NEW}))


@pytest.mark.parametrize(
    "command", [each for each, _ in STATEMENTS] + [ReleaseUnit(objective=ACTION, unit="bup", role="lead")]
)
def test_what_has_a_lead_unit_is_stated_by_it(command: Command) -> None:
    here = domain()
    here.when(LEAD)
    with pytest.raises(errors.NotLeadUnit, match="'bup'"):
        here.when(command, units=["perspective"], roles=["inspector"])
    assert here.when(command, units=["bup"]) != {}


@pytest.mark.parametrize(("units", "roles"), [(["*"], []), ([], ["administrator"])])
def test_an_administrator_may_state_it_too(units: list[str], roles: list[str]) -> None:
    here = domain()
    here.when(LEAD)
    assert here.when(STATUS, units=units, roles=roles) != {}


def test_what_is_printed_needs_no_unit() -> None:
    here = domain()
    here.when(LEAD)
    text = Text(fr="Réunion")
    fact = PrintFact(objective=ACTION, type="event_held", text=text, reading="done")
    amount = PrintAmount(objective=ACTION, text=text)
    assert here.when(fact) == {HERE: [FactPrinted(type="event_held", text=text, reading="done")]}
    assert here.when(fact) != {}, "two equal facts are printed twice"
    assert here.when(amount) == {HERE: [AmountPrinted(text=text)]}


def test_one_unit_leads_and_many_contribute() -> None:
    here = domain()
    assert here.when(LEAD) == {HERE: [UnitAssigned(unit="bup", role="lead")]}
    assert here.when(LEAD, units=["bup"]) == {}
    with pytest.raises(errors.LeadTaken, match="'bup'"):
        here.when(AssignUnit(objective=ACTION, unit="perspective", role="lead"), units=["*"])
    assert here.when(AssignUnit(objective=ACTION, unit="perspective", role="contributor"), units=["bup"]) != {}
    release = ReleaseUnit(objective=ACTION, unit="bup", role="lead")
    assert here.when(release, units=["bup"]) == {HERE: [UnitReleased(unit="bup", role="lead")]}
    assert here.when(release) == {}
    assert here.when(AssignUnit(objective=ACTION, unit="perspective", role="lead")) != {}


def test_another_status_is_kept_in_its_words() -> None:
    with pytest.raises(ValidationError, match="as_printed"):
        ReportStatus(objective=ACTION, status="other")


def test_a_text_has_an_end() -> None:
    value = {"state": "known", "value": {"fr": "é" * 10_000}}
    document = {"objective": ACTION, "field": "output", "value": value}
    assert StateField.model_validate(document).field == "output"
    value["value"] = {"fr": "é" * 10_001}
    with pytest.raises(ValidationError, match="10000 characters, not 10001"):
        StateField.model_validate(document)


def test_nobody_is_less_than_none() -> None:
    with pytest.raises(ValidationError, match="is less than zero"):
        EstimateStaff.model_validate(LESS)
