"""What stands where in a letter: objectives, their sections, actions, contents, dossiers and indicators, in their order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.types import DossierId, ObjectiveId, Section, UnitSlug
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import Action, Content, Letter, Objective, YearSection


def objectives_in(letter: Letter) -> dict[ObjectiveId, Objective]:
    """Return the objectives of a letter by their id."""
    return {objective.id: objective for objective in letter.objectives}


def lead_of(objective: Objective) -> UnitSlug | None:
    """Return the unit that leads an objective."""
    return next((each.unit for each in objective.units if each.role == "lead"), None)


def sections_of(objective: Objective) -> list[YearSection]:
    """Return the year-sections that an objective has."""
    return [section for section in (objective.realised, objective.planned) if section is not None]


def actions_of(objective: Objective) -> Iterator[Action]:
    """Yield the actions of an objective at every depth; one that stands in two sections comes twice."""
    for section in sections_of(objective):
        yield from under(section.actions)
    yield from under(objective.actions)


def under(actions: Sequence[Action]) -> Iterator[Action]:
    """Yield some actions, each before those under it."""
    for action in actions:
        yield action
        yield from under(action.actions)


def contents_of(objective: Objective) -> Iterator[Content]:
    """Yield all content of an objective: its own, its sections' and its actions'."""
    yield objective.content
    for section in sections_of(objective):
        yield section.content
    for action in actions_of(objective):
        yield action.content


def contents_in(objective: Objective, section: Section | None) -> Iterator[Content]:
    """Yield what stands in one section of an objective, or in none, its actions included."""
    if section is None:
        yield objective.content
        yield from (action.content for action in under(objective.actions))
    for each in sections_of(objective):
        if each.section == section:
            yield each.content
            yield from (action.content for action in under(each.actions))


def dossiers_of(objective: Objective) -> list[Dossier]:
    """Return the dossiers of an objective and its actions."""
    return [*objective.dossiers, *(dossier for action in actions_of(objective) for dossier in action.dossiers)]


def told_before(objective: Objective, action: Action) -> list[DossierId]:
    """Return the dossiers that a section of a letter has told, or its objective, before it comes to an action."""
    told = [dossier.dossier for dossier in objective.dossiers]
    for each in actions_of(objective):
        if each is action:
            break
        if each.section == action.section:
            told += [dossier.dossier for dossier in each.dossiers]
    return told


def indicators_of(objective: Objective) -> list[Indicator]:
    """Return the indicators of an objective, its sections and its actions, each as it stands first."""
    found: dict[str, Indicator] = {}
    for content in contents_of(objective):
        for indicator in content.indicators:
            found.setdefault(indicator.id, indicator)
    return list(found.values())
