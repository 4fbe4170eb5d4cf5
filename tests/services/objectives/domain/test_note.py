from __future__ import annotations

from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.dossiers import DossierAttached, DossierOpened, DossierStopped
from contracts.objectives import (
    ObjectiveClosed,
    ObjectiveMoved,
    ObjectiveOpened,
    ObjectiveRegistered,
    ObjectiveRenumbered,
    ObjectiveRetitled,
    PolicyNoteOpened,
    SectionPrinted,
)
from contracts.types import Section, Text
from regesta.errors import RegestaError
from regesta.event import Event
from regesta.testing import Domain
from services.objectives.app import AGGREGATES, RULES
from services.objectives.domain import errors
from services.objectives.domain.note import (
    LEVELS_MOST,
    RANKS,
    CloseObjective,
    MoveObjective,
    Note,
    NoteCommand,
    OpenNote,
    PrintSection,
    RegisterObjective,
    RenumberObjective,
    RetitleObjective,
)
from tests.services.objectives.samples import (
    ACTION,
    CODES,
    DOSSIER,
    NEW,
    NOTE,
    OPERATIONAL,
    OTHER,
    SLUG,
    STRATEGIC,
    STREAM,
    TITLE,
    domain,
)

PLANNED = Section(year=2024, kind="planned")


def register(**fields: object) -> RegisterObjective:
    return RegisterObjective.model_validate({"note": SLUG, "objective": NEW, "level": "action"} | fields)


def close(objective: str, reason: str, into: str | None = None) -> CloseObjective:
    return CloseObjective.model_validate({"note": SLUG, "objective": objective, "reason": reason, "into": into})


def test_a_note_is_opened_once() -> None:
    empty = Domain(AGGREGATES, RULES)
    command = OpenNote(note=SLUG, title=TITLE, planned_year=2024)
    assert empty.when(command) == {NOTE: [PolicyNoteOpened(title=TITLE, planned_year=2024)]}
    assert empty.when(command) == {}


def test_a_slug_stands_for_one_note() -> None:
    with pytest.raises(errors.NoteDiffers, match="Rénovation") as refused:
        domain().when(OpenNote(note=SLUG, title=Text(fr="Tourisme")))
    assert refused.value.details["given"] == {"fr": "Tourisme"}


def test_registering_opens_the_objective_in_the_same_unit() -> None:
    facts = domain().when(register(code="1.1.B", parent=OPERATIONAL, section=PLANNED))
    registered = ObjectiveRegistered(objective=NEW, level="action", code="1.1.B", parent=OPERATIONAL, section=PLANNED)
    assert facts == {NOTE: [registered], f"objective/{NEW}": [ObjectiveOpened(note=SLUG, level="action")]}


def test_an_action_stands_under_an_action() -> None:
    assert domain().when(register(parent=ACTION)) != {}


@pytest.mark.parametrize(
    "other",
    [
        {"code": "1.1.3"},
        {"title": {"fr": "Suite"}},
        {"title": None},
        {"place": {"document": "Lettre", "line": 7}},
        {"section": {"year": 2023, "kind": "realised"}},
        {"objective": OTHER},
    ],
)
def test_each_heading_of_a_section_is_a_fact_of_its_own(other: dict[str, object]) -> None:
    here = domain()
    first = {"note": SLUG, "objective": OPERATIONAL, "section": PLANNED, "code": "1.1.2", "title": TITLE}
    for heading in (first, first | other):
        command = PrintSection.model_validate(heading)
        printed = command.model_dump(exclude={"note", "occurred"})
        assert here.when(command) == {NOTE: [SectionPrinted.model_validate(printed)]}
    for heading in (first, first | other):
        assert here.when(PrintSection.model_validate(heading)) == {}


def test_registering_again_records_nothing_even_after_an_edit() -> None:
    here = domain()
    command = register(objective=ACTION, code="1.1.A", parent=OPERATIONAL, title=TITLE)
    assert here.when(command) == {}
    here.when(RetitleObjective(note=SLUG, objective=ACTION, title=Text(fr="Autre titre")))
    assert here.when(command) == {}


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (register(note="tourism"), errors.UnknownNote),
        (register(objective=ACTION, code="1.1.B"), errors.ObjectiveDiffers),
        (register(code="OO 1.1"), errors.CodeTaken),
        (register(parent=NEW), errors.ParentNotKnown),
        (register(level="operational", parent=ACTION), errors.LevelOutOfOrder),
        (register(level="operational", parent=OTHER), errors.LevelOutOfOrder),
        (register(level="strategic", parent=STRATEGIC), errors.LevelOutOfOrder),
    ],
)
def test_what_cannot_be_registered(command: RegisterObjective, refusal: type[RegestaError]) -> None:
    with pytest.raises(refusal):
        domain().when(command)


def test_an_objective_belongs_to_one_note() -> None:
    here = domain()
    here.when(OpenNote(note="tourism", title=Text(fr="Tourisme")))
    with pytest.raises(errors.ObjectiveDiffers, match=SLUG):
        here.when(register(note="tourism", objective=ACTION))


def test_only_an_action_is_printed_in_a_section() -> None:
    with pytest.raises(ValidationError, match="'operational'"):
        register(level="operational", section=PLANNED)


def test_objectives_without_a_code_do_not_meet() -> None:
    here = domain()
    here.when(register(parent=OPERATIONAL))
    assert here.when(register(objective=DOSSIER, parent=OPERATIONAL)) != {}


def test_a_section_is_printed_for_an_objective_of_the_note() -> None:
    with pytest.raises(errors.UnknownObjective):
        domain().when(PrintSection(note=SLUG, objective=NEW, section=PLANNED))


def test_retitled_renumbered_and_moved() -> None:
    here = domain()
    title = Text(nl="Wijkcontracten")
    for command, event in (
        (RetitleObjective(note=SLUG, objective=ACTION, title=title), ObjectiveRetitled(objective=ACTION, title=title)),
        (RenumberObjective(note=SLUG, objective=ACTION, code="B"), ObjectiveRenumbered(objective=ACTION, code="B")),
        (MoveObjective(note=SLUG, objective=ACTION, parent=OTHER), ObjectiveMoved(objective=ACTION, parent=OTHER)),
        (MoveObjective(note=SLUG, objective=ACTION), ObjectiveMoved(objective=ACTION)),
    ):
        assert here.when(command) == {NOTE: [event]}
        assert here.when(command) == {}


def test_a_code_that_was_given_up_is_free() -> None:
    here = domain()
    with pytest.raises(errors.CodeTaken, match=OTHER):
        here.when(RenumberObjective(note=SLUG, objective=ACTION, code="OO 1.2"))
    here.when(RenumberObjective(note=SLUG, objective=OTHER, code="OO 1.3"))
    assert here.when(RenumberObjective(note=SLUG, objective=ACTION, code="OO 1.2")) != {}


@pytest.mark.parametrize(
    ("objective", "parent", "refusal"),
    [
        (STRATEGIC, STRATEGIC, errors.MovedUnderItself),
        (STRATEGIC, ACTION, errors.MovedUnderItself),
        (OPERATIONAL, OTHER, errors.LevelOutOfOrder),
        (OTHER, ACTION, errors.LevelOutOfOrder),
        (ACTION, NEW, errors.ParentNotKnown),
        (NEW, ACTION, errors.UnknownObjective),
    ],
)
def test_where_an_objective_cannot_go(objective: str, parent: str, refusal: type[RegestaError]) -> None:
    with pytest.raises(refusal):
        domain().when(MoveObjective(note=SLUG, objective=objective, parent=parent))


def deepest(here: Domain) -> list[str]:
    """Register actions one under the other, down to the deepest level that there is; return them from above to below."""
    keys = [str(UUID(int=number)) for number in range(LEVELS_MOST - len((STRATEGIC, OPERATIONAL)))]
    for key, parent in zip(keys, [OPERATIONAL, *keys], strict=False):
        here.when(register(objective=key, parent=parent))
    return keys


def test_nothing_stands_under_the_deepest_level() -> None:
    here = domain()
    *_, last = deepest(here)
    with pytest.raises(errors.TooDeep, match=f"{last!r} the note would have 17 levels, of 16") as refused:
        here.when(register(parent=last))
    assert refused.value.details == {"parent": last, "levels": 17, "most": 16}


def test_an_objective_moves_with_what_stands_under_it_and_no_deeper_than_there_is() -> None:
    here = domain()
    first, second, *_ = deepest(here)
    here.when(register(parent=OTHER))
    with pytest.raises(errors.TooDeep) as refused:
        here.when(MoveObjective(note=SLUG, objective=first, parent=NEW))
    assert refused.value.details == {"parent": NEW, "levels": 17, "most": 16}
    assert here.when(MoveObjective(note=SLUG, objective=second, parent=NEW)) != {}


def test_a_closed_objective_changes_no_more() -> None:
    here = domain()
    command = close(OTHER, "stopped")
    assert here.when(command) == {NOTE: [ObjectiveClosed(objective=OTHER, reason="stopped")]}
    assert here.when(command) == {}
    with pytest.raises(errors.ClosingDiffers, match="stopped"):
        here.when(close(OTHER, "completed"))
    for late in (
        RetitleObjective(note=SLUG, objective=OTHER, title=Text(fr="B")),
        RenumberObjective(note=SLUG, objective=OTHER, code="B"),
        MoveObjective(note=SLUG, objective=OTHER),
        MoveObjective(note=SLUG, objective=ACTION, parent=OTHER),
        register(parent=OTHER),
        close(ACTION, "merged", OTHER),
    ):
        with pytest.raises(errors.ObjectiveIsClosed, match="stopped"):
            here.when(late)


def test_merged_into_another_one() -> None:
    here = domain()
    with pytest.raises(errors.MergedIntoItself):
        here.when(close(OTHER, "merged", OTHER))
    with pytest.raises(errors.ObjectiveNotKnown):
        here.when(close(OTHER, "merged", NEW))
    assert here.when(close(OTHER, "merged", OPERATIONAL)) != {}
    for reason, into in (("merged", None), ("stopped", OTHER)):
        with pytest.raises(ValidationError, match="into"):
            close(ACTION, reason, into)


def test_registered_in_error_only_with_nothing_open_under_it() -> None:
    here = domain()
    command = close(OPERATIONAL, "registered_in_error")
    with pytest.raises(errors.StillOpenUnder) as refused:
        here.when(command)
    assert refused.value.details["open"] == [f"objective/{ACTION}"]
    here.when(close(ACTION, "registered_in_error"))
    here.given({STREAM: [DossierOpened(kind="study", title=TITLE, objectives=(OPERATIONAL,))]})
    here.given({f"objective/{OPERATIONAL}": [DossierAttached(dossier=DOSSIER)]})
    with pytest.raises(errors.StillOpenUnder) as refused:
        here.when(command)
    assert refused.value.details["open"] == [STREAM]
    here.given({STREAM: [DossierStopped(reason="dropped")]})
    assert here.when(command) != {}


def test_registered_in_error_frees_the_code() -> None:
    here = domain()
    here.when(close(OTHER, "stopped"))
    with pytest.raises(errors.CodeTaken):
        here.when(register(code="OO 1.2"))
    here.when(close(ACTION, "registered_in_error"))
    assert here.when(register(code="1.1.A")) != {}


IDS = st.sampled_from([*CODES, NEW])
COMMANDS = st.one_of(
    st.builds(MoveObjective, note=st.just(SLUG), objective=IDS, parent=st.none() | IDS),
    st.builds(
        RegisterObjective, note=st.just(SLUG), objective=IDS, level=st.sampled_from(list(RANKS)), parent=st.none() | IDS,
        code=st.none() | st.sampled_from(["A", "B"]),
    ),
    st.builds(RenumberObjective, note=st.just(SLUG), objective=IDS, code=st.none() | st.sampled_from(["A", "B", "OS 1"])),
    st.builds(close, IDS, st.sampled_from(["stopped", "registered_in_error"])),
)  # fmt: skip


@given(st.lists(COMMANDS, max_size=30))
def test_whatever_is_asked_the_tree_stays_one(commands: list[MoveObjective]) -> None:
    here = domain()
    recorded: list[Event] = []
    for command in commands:
        try:
            facts = here.when(command)
        except RegestaError:
            continue
        recorded += facts.get(NOTE, [])
        if facts:
            assert here.when(command) == {}, "a repeated command records nothing"
    note = here.state(Note, SLUG)
    for key, entry in note.objectives.items():
        line = [*islice(note.lineage(key), len(note.objectives) + 1)]
        assert len(set(line)) == len(line), "nothing stands under itself"
        ranks = [RANKS[note.objectives[each].registered.level] for each in line]
        above = [rank for rank in ranks if rank < RANKS["action"]]
        assert ranks == sorted(ranks, reverse=True), "no parent is of a lower level"
        assert above == sorted(set(above), reverse=True), "only actions stand under their own level"
        assert entry.code is None or note.codes.get(entry.code) is not None or entry.closed is not None
    held = [(entry.code, key) for key, entry in note.objectives.items() if entry.code is not None and _holds(entry)]
    assert len({code for code, _ in held}) == len(held), "a code is that of one objective"


def _holds(entry: object) -> bool:
    closed = getattr(entry, "closed", None)
    return closed is None or closed.reason != "registered_in_error"


@pytest.mark.parametrize("unseen", ["\u200b", "\n", "\u202e"])
@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (OpenNote, {"title": {"fr": "Note"}}, "reference"),
        (OpenNote, {"title": {"fr": "Note"}}, "legislature"),
        (RegisterObjective, {"objective": ACTION, "level": "strategic"}, "code"),
        (PrintSection, {"objective": ACTION, "section": {"year": 2024, "kind": "planned"}}, "code"),
        (RenumberObjective, {"objective": ACTION}, "code"),
    ],
)
def test_a_code_and_a_reference_hold_only_what_is_seen(
    kind: type[NoteCommand], said: dict[str, object], field: str, unseen: str
) -> None:
    wanted = {"note": "n", **said}
    assert getattr(kind.model_validate({**wanted, field: "IV.1"}), field) == "IV.1"
    with pytest.raises(ValidationError, match=f"index 1 is U[+]{ord(unseen):04X}") as refused:
        kind.model_validate({**wanted, field: f"I{unseen}V"})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]
