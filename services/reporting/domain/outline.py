"""What stands where in a letter: objectives, their sections, actions, contents, dossiers and indicators, in their order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

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
        if (each.id, each.section) == (action.id, action.section):
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


def nearest(objectives: Sequence[Objective], current: ObjectiveId | None, most: int) -> list[Objective]:
    """Return at most so many objectives, those around one, in the order of the letter.

    First come those above it, itself, its neighbours, those under it; then the topmost ones, each group from the nearest on.
    """
    places = {objective.id: place for place, objective in enumerate(objectives)}
    here = places.get(current or "", 0)
    parents = {objective.id: objective.parent for objective in objectives}
    above = list(_line_up(parents, current))

    def rank(objective: Objective) -> tuple[int, int]:
        kin = (
            objective.id in above,
            current is not None and objective.parent == parents.get(current),
            current is not None and objective.parent == current,
            objective.depth == 0,
        )
        return kin.index(True) if True in kin else len(kin), abs(places[objective.id] - here)

    chosen = {objective.id for objective in sorted(objectives, key=rank)[:most]}
    return [objective for objective in objectives if objective.id in chosen]


def _line_up(parents: Mapping[ObjectiveId, ObjectiveId | None], objective: ObjectiveId | None) -> Iterator[ObjectiveId]:
    """Yield an objective and those above it."""
    while objective is not None:
        yield objective
        objective = parents.get(objective)


def down_to(objectives: Sequence[Objective], depth: int) -> tuple[list[Objective], dict[ObjectiveId, int]]:
    """Return the objectives down to a depth, and how many stand under each of those that hide some."""
    below: Counter[ObjectiveId] = Counter()
    parents = {objective.id: objective for objective in objectives}
    for objective in objectives:
        above: Objective | None = objective
        while above is not None and above.depth > depth:
            above = parents.get(above.parent or "")
        if above is not None and above is not objective:
            below[above.id] += 1
    return [objective for objective in objectives if objective.depth <= depth], dict(below)
