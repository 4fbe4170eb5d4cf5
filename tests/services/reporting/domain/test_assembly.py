from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from contracts.dates import ImpreciseDate
from contracts.objectives import (
    Continuous,
    DeadlineSet,
    FactPrinted,
    FieldStated,
    ObjectiveClosed,
    ObjectiveMoved,
    ObjectiveRegistered,
    ObjectiveRenumbered,
    ObjectiveRetitled,
    Reading,
    SectionPrinted,
    StaffEstimated,
    StatusReported,
    UnitAssigned,
)
from contracts.types import NONE, PENDING, Place, Section, Text, by_reference, known
from services.reporting.domain.letter import Elsewhere, Letter
from services.reporting.domain.tree import natural
from tests.services.reporting.domain.facts import ACCOUNT, ONE, PLAN, THREE, TWO, Facts, said


def objective(id_: str, code: str | None, parent: str | None = None) -> ObjectiveRegistered:
    return ObjectiveRegistered(
        objective=id_,
        level="strategic" if parent is None else "operational",
        code=code,
        parent=parent,
    )


def action(id_: str, parent: str, section: Section | None) -> ObjectiveRegistered:
    return ObjectiveRegistered(objective=id_, level="action", parent=parent, section=section)


def fact(text: str, day: str | None, reading: Reading = "done", section: Section | None = None) -> FactPrinted:
    when = None if day is None else ImpreciseDate(day)
    return FactPrinted(type="approval", text=Text(fr=text), reading=reading, day=when, section=section)


def two_levels() -> Facts:
    facts = Facts()
    facts.register(objective(ONE, "IV.1"))
    facts.register(objective(TWO, "IV.1.1", ONE))
    return facts


def codes(letter: Letter) -> list[str | None]:
    return [each.code.value for each in letter.objectives]


def test_codes_count_as_people_count() -> None:
    assert sorted(["IV.1.10", "IV.1.9", "IV.1.2.B", "IV.1.2.A"], key=natural) == [
        "IV.1.2.A",
        "IV.1.2.B",
        "IV.1.9",
        "IV.1.10",
    ]


def test_objectives_come_depth_first_by_code_then_as_registered() -> None:
    facts = Facts()
    facts.register(objective(THREE, "IV.10"))
    facts.register(objective(ONE, "IV.9"))
    facts.register(objective("00000000-0000-4000-8000-000000000009", None))
    facts.register(objective(TWO, "IV.9.1", ONE))
    assert codes(facts.letter()) == ["IV.9", "IV.9.1", "IV.10", None]


def test_the_latest_title_code_and_parent_count() -> None:
    facts = two_levels()
    facts.register(objective(THREE, "IV.2"))
    changes = (
        ObjectiveRetitled(objective=TWO, title=Text(fr="neuf")),
        ObjectiveRenumbered(objective=TWO, code="IV.2.1"),
        ObjectiveMoved(objective=TWO, parent=THREE),
    )
    facts.note += [facts.fact("objectives", "note/territorial", change) for change in changes]
    shown = facts.letter().objectives[-1]
    assert (shown.parent, shown.code.value, said(shown.title)) == (THREE, "IV.2.1", "neuf")
    assert (shown.title.events, shown.code.events) == (("objectives:5",), ("objectives:6",))


def test_what_was_registered_in_error_is_left_out_and_what_stood_under_it_moves_up() -> None:
    facts = two_levels()
    facts.register(action(THREE, TWO, PLAN))
    for closed in (
        ObjectiveClosed(objective=THREE, reason="completed"),
        ObjectiveClosed(objective=TWO, reason="registered_in_error"),
    ):
        facts.note.append(facts.fact("objectives", "note/territorial", closed))
    (shown,) = facts.letter().objectives
    assert shown.planned is not None
    (moved,) = shown.planned.actions
    assert moved.closed is not None
    assert (moved.id, moved.closed.reason) == (THREE, "completed")


def test_a_field_that_nobody_stated_is_unknown_without_a_unit_and_pending_with_one() -> None:
    facts = two_levels()
    assert {each.figure.state for each in facts.letter().objectives[1].content.fields} == {"unknown"}
    facts.add("objectives", f"objective/{ONE}", UnitAssigned(unit="dru", role="lead"))
    _, below = facts.letter().objectives
    assert {(each.figure.state, each.owner) for each in below.content.fields} == {("pending", "dru")}
    assert below.content.status is not None
    assert (below.content.status.figure.state, below.content.status.owner) == ("pending", "dru")


def test_kinds_of_empty_stay_as_they_were_stated() -> None:
    facts = two_levels()
    (none, where) = facts.add(
        "objectives",
        f"objective/{TWO}",
        FieldStated(field="description", value=NONE),
        FieldStated(field="partners", value=by_reference("A")),
    )
    fields = {each.field: each for each in facts.letter().objectives[1].content.fields}
    assert (fields["description"].figure.state, fields["description"].figure.events) == ("none", (none,))
    assert (fields["partners"].figure.where, fields["partners"].figure.events) == ("A", (where,))
    assert (fields["description"].asked, fields["partners"].asked) == (True, False)


def test_a_section_says_what_is_said_of_it_and_its_actions_what_is_said_of_them() -> None:
    facts = two_levels()
    facts.register(action(THREE, TWO, PLAN))
    printed = SectionPrinted(objective=TWO, section=PLAN, code="IV.1.1.2", title=Text(fr="Planning 2024"))
    facts.note.append(facts.fact("objectives", "note/territorial", printed))
    facts.add("objectives", f"objective/{TWO}", fact("whole", "2023"), fact("account", "2023", section=ACCOUNT))
    facts.add("objectives", f"objective/{THREE}", fact("as a whole", "2024"), fact("in the plan", "2024", section=PLAN))
    shown = facts.letter().objectives[1]
    assert shown.realised is not None
    assert shown.planned is not None
    (below,) = shown.planned.actions
    texts = [
        [each.text.fr for each in content.facts.done]
        for content in (shown.content, shown.realised.content, shown.planned.content, below.content)
    ]
    assert texts == [["whole"], ["account"], [], ["as a whole", "in the plan"]]
    assert (shown.planned.printed, [each.code.value for each in shown.planned.headings]) == (True, ["IV.1.1.2"])
    # Its actions say it: the section itself is asked nothing.
    assert shown.planned.content.fields == ()
    assert below.content.fields != ()
    assert shown.realised.content.budget is not None
    assert shown.planned.content.budget is None


def test_sections_of_other_years_are_named_and_not_shown() -> None:
    facts = two_levels()
    later = Section(year=2025, kind="planned")
    facts.add("objectives", f"objective/{TWO}", fact("later", "2025", section=later))
    shown = facts.letter().objectives[1]
    assert shown.elsewhere == (Elsewhere(section=later, letter=2025),)
    assert shown.planned is not None
    assert shown.planned.content.facts.all == ()
    assert [each.text.fr for each in (facts.letter(2025).objectives[1].planned or shown.planned).content.facts.all] == [
        "later"
    ]


def test_an_account_elsewhere_stands_in_the_letter_that_gives_it() -> None:
    facts = two_levels()
    odd = facts.note[0].event.model_copy(update={"realised_year": 2022})
    facts.note[0] = facts.fact("objectives", "note/territorial", odd)
    for year in (2021, 2022, 2023):
        section = Section(year=year, kind="realised")
        facts.add("objectives", f"objective/{TWO}", fact("past", str(year), section=section))
    shown = facts.letter(2030).objectives[1].elsewhere
    # The note's letter of 2024 gives the account of 2022 and no letter that of 2023; the letter of 2023 gives it too.
    assert [(each.section.year, each.letter) for each in shown] == [(2021, 2022), (2022, 2023), (2023, None)]


@pytest.mark.parametrize("second", ["IV.1.1.3", "IV.1.1.1"])
def test_every_heading_of_a_section_is_kept_as_printed(second: str) -> None:
    facts = two_levels()
    titles = ("Réalisations 2023", "Réalisations 2023 (suite)")
    printed = [
        SectionPrinted(
            objective=TWO, section=ACCOUNT, code=code, title=Text(fr=title), place=Place(document="L", line=7)
        )
        for code, title in zip(("IV.1.1.1", second), titles, strict=True)
    ]
    facts.note += [facts.fact("objectives", "note/territorial", each) for each in printed]
    section = facts.letter().objectives[1].realised
    assert section is not None
    assert [(each.code.value, said(each.title)) for each in section.headings] == [
        ("IV.1.1.1", titles[0]),
        (second, titles[1]),
    ]
    assert [(each.events, each.place and each.place.line) for each in section.headings] == [
        (("objectives:4",), 7),
        (("objectives:5",), 7),
    ]


def test_of_several_lead_units_the_first_by_name_owes_what_is_pending() -> None:
    facts = two_levels()
    units = (
        UnitAssigned(unit="zz", role="lead"),
        UnitAssigned(unit="dru", role="lead"),
        UnitAssigned(unit="aa", role="contributor"),
    )
    facts.add("objectives", f"objective/{ONE}", *units)
    assert {each.owner for each in facts.letter().objectives[1].content.fields} == {"dru"}


def test_what_nobody_stated_is_one_part_wherever_the_same_unit_owes_it() -> None:
    facts = two_levels()
    facts.register(objective(THREE, "IV.1.2", ONE))
    facts.add("objectives", f"objective/{ONE}", UnitAssigned(unit="dru", role="lead"))
    _, first, other = facts.letter().objectives
    assert [a is b for a, b in zip(first.content.fields, other.content.fields, strict=True)] == [True] * 4
    assert first.content.facts is other.content.facts
    assert first.planned is not None
    assert other.planned is not None
    assert first.planned.content.budget is not None
    assert other.planned.content.budget is not None
    assert first.planned.content.budget.categories[0] is other.planned.content.budget.categories[0]
    assert first.planned.content.budget.own is other.planned.content.budget.own


def test_staff_that_nobody_stated_is_owed_by_the_lead_unit() -> None:
    facts = two_levels()
    facts.add("objectives", f"objective/{ONE}", UnitAssigned(unit="dru", role="lead"))
    facts.add("objectives", f"objective/{TWO}", StaffEstimated(fte=PENDING, section=PLAN))
    below = facts.letter().objectives[1]
    staff = [each for section in (below.realised, below.planned) if section for each in section.content.staff]
    assert [(each.fte.state, each.owner, bool(each.fte.events)) for each in staff] == [
        ("pending", "dru", False),
        ("pending", "dru", True),
    ]


def test_facts_are_kept_apart_by_reading_and_stand_by_date() -> None:
    facts = two_levels()
    facts.add(
        "objectives",
        f"objective/{TWO}",
        fact("b", "2023-06"),
        fact("undated", None),
        fact("a", "2022"),
        fact("p", "2022-01", "planned"),
    )
    shown = facts.letter().objectives[1].content.facts
    assert [each.text.fr for each in shown.done] == ["a", "b", "undated"]
    assert [each.text.fr for each in shown.planned] == ["p"]
    assert {each.by for each in shown.all} == {None}


def test_until_a_day_a_fact_is_certain_possible_or_not_yet() -> None:
    facts = two_levels()
    days = ("2023-06-15", "2023-06", "2024", None, "XXXX-07")
    facts.add("objectives", f"objective/{TWO}", *(fact(str(day), day) for day in days))
    shown = facts.letter(occurred_until=date(2023, 6, 20)).objectives[1].content.facts.done
    assert {each.text.fr: each.by for each in shown} == {
        "2023-06-15": "certain",
        "2023-06": "possible",
        "2024": "no",
        "None": "possible",
        "XXXX-07": "possible",
    }


def test_status_deadline_and_staff_are_as_last_said() -> None:
    facts = two_levels()
    until = DeadlineSet(
        deadline=known(Continuous(kind="continuous", until=ImpreciseDate("2024-06"))), as_printed="jusque juin"
    )
    two, per = known(Decimal(2)), "contract"
    names = facts.add(
        "objectives",
        f"objective/{TWO}",
        StatusReported(status="behind"),
        StatusReported(status="other", as_printed="Arrêté"),
        until,
        StaffEstimated(fte=two, per=per),
        StaffEstimated(fte=known(Decimal("2.5")), unit="dru"),
    )
    content = facts.letter().objectives[1].content
    assert content.status is not None
    assert content.deadline is not None
    assert content.deadline.day is not None
    assert (content.status.figure.value, content.status.figure.events) == ("other", (names[1],))
    assert (content.deadline.day.fr, content.deadline.as_printed) == ("juin 2024", "jusque juin")
    assert [(str(each.fte.value), each.per, each.unit) for each in content.staff] == [
        ("2", per, None),
        ("2.5", None, "dru"),
    ]


def test_the_account_is_of_the_year_before_unless_the_note_says_otherwise() -> None:
    facts = two_levels()
    assert (facts.letter().realised_year, facts.letter(2030).realised_year) == (2023, 2029)
    odd = facts.note[0].event.model_copy(update={"realised_year": 2022})
    facts.note[0] = facts.fact("objectives", "note/territorial", odd)
    assert (facts.letter().realised_year, facts.letter(2025).realised_year) == (2022, 2024)
