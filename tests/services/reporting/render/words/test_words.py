from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from contracts import budget, kpi, objectives
from contracts.decisions import ApprovalStep, Body, Outcome
from contracts.dossiers import DossierKind, MilestoneKind
from contracts.objectives import FactType, FieldName, Reading, Status
from services.reporting.domain.budget import CategoryName
from services.reporting.domain.dossiers import StepKind
from services.reporting.domain.figure import State
from services.reporting.domain.frozen import STEPS
from services.reporting.render.moments import MARKS
from services.reporting.render.templating import TEMPLATES
from services.reporting.render.words import official, sayings, values
from services.reporting.render.words.label import Label

TABLES: dict[str, Mapping[str, Label]] = {
    name: table
    for module in (official, values, sayings)
    for name, table in vars(module).items()
    if name.isupper() and all(isinstance(each, Label) for each in table.values())
}


@pytest.mark.parametrize(
    ("values", "table"),
    [
        (FactType, values.FACT_TYPES),
        (Body, values.BODIES),
        (ApprovalStep, values.APPROVAL_STEPS),
        (MilestoneKind, values.MILESTONES),
        (DossierKind, values.DOSSIER_KINDS),
        (StepKind, values.STEPS),
        (Outcome, values.VERDICTS),
        (Status, official.STATUSES),
        (Reading, official.FACTS),
        (Reading, official.FACTS_PLURAL),
        (CategoryName, official.BUDGET),
    ],
)
def test_every_value_that_a_letter_can_hold_has_words(values: Any, table: Mapping[str, Label]) -> None:
    assert set(get_args(values)) - set(table) == set()


def test_every_kind_of_empty_and_every_text_field_has_words() -> None:
    assert set(get_args(State)) - {"known"} - set(official.EMPTY) == set()
    fields = {field for field in get_args(FieldName) if not field.startswith("budget_")}
    assert fields - set(official.FIELDS) == set()
    assert set(get_args(Reading)) == set(MARKS)


def test_every_event_has_words() -> None:
    events = {event.name.rpartition(".v")[0] for event in (*objectives.EVENTS, *kpi.EVENTS, *budget.EVENTS)}
    assert events - set(values.EVENTS) - set(values.STEPS) == set()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_no_language_of_a_word_is_missing(name: str) -> None:
    for key, label in TABLES[name].items():
        assert all(words.strip() == words and words for words in label), key


def test_french_keeps_its_no_break_spaces_out_of_reach_of_line_ends() -> None:
    for table in TABLES.values():
        for label in table.values():
            assert not re.search(r"[«»]", label.nl), label


def sources() -> dict[str, str]:
    names = TEMPLATES.list_templates()
    loader = TEMPLATES.loader
    assert loader is not None
    return {name: loader.get_source(TEMPLATES, name)[0] for name in names}


def test_templates_say_only_what_there_are_words_for() -> None:
    said = {word for source in sources().values() for word in re.findall(r"say(?:_in)?\('(\w+)'[,)]", source)}
    assert said - set(sayings.SAYINGS) == set()


def test_no_saying_is_left_unsaid() -> None:
    said = {word for source in sources().values() for word in re.findall(r"'(\w+)'", source)}
    beside = {"timeline", "lists_below", "not_said", "sign_in", "notes", "letter", "overview", "dossier"}
    computed = {f"closed_{reason}" for reason in ("completed", "stopped", "merged")}
    steps = {f"{step}_on" for step in STEPS.values() if step != "corrected"}
    assert set(sayings.SAYINGS) - said - beside - computed - steps == set()


@pytest.mark.parametrize("name", sorted(sources()))
def test_templates_bring_no_script_no_style_and_trust_no_text(name: str) -> None:
    source = sources()[name]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|\|\s*safe\b|autoescape", source)
