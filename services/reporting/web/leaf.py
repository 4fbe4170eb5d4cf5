"""The leaves of a letter: its pages whose figures have addresses of their own, as these addresses name them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from markupsafe import Markup

from contracts.types import DossierId, ObjectiveId, SectionKind
from regesta.errors import NotFound
from regesta.event import Recorded
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.errors import UnknownObjective
from services.reporting.domain.letter import Letter, Objective
from services.reporting.domain.outline import dossiers_of, objectives_in
from services.reporting.render import documents
from services.reporting.render.documents import About
from services.reporting.render.excerpts import Excerpt, Shown, excerpt, is_divided
from services.reporting.render.figures import Figures
from services.reporting.render.page import Page

Kind: TypeAlias = Literal["letter", "own", "realised", "planned", "dossier", "overview", "objective"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
NUMBERED: Final = re.compile(r"(.+)\.([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page. key: of the objective or dossier that it is about; "" for the first page of the letter and the overview.

    letter: the letter's first page, or all of an objective; of one too long for a page there are its own part and its
    year-sections. objective: its page outside the letter. number: of several leaves that a long page is divided into.
    """

    kind: Kind
    key: str = ""
    number: int = 1

    @classmethod
    def of(cls, name: str) -> Leaf:
        """Return the leaf of a name, such as "letter", "planned-0193…" or "planned-0193….2". Raises NotFound."""
        numbered = NUMBERED.fullmatch(name)
        named, number = (numbered[1], int(numbered[2])) if numbered else (name, 1)
        word, _, key = named.partition("-")
        for kind in KINDS:
            if kind == word:
                return cls(kind, key, number)
        raise NotFound(f"a letter has no page {name!r}", part=name)

    @property
    def name(self) -> str:
        """Its name in addresses."""
        name = f"{self.kind}-{self.key}" if self.key else self.kind
        return f"{name}.{self.number}" if self.number > 1 else name

    @property
    def asks_until(self) -> bool:
        """Whether it can say what happened by a day."""
        return self.kind not in {"overview", "objective"}

    def address(self, letter: Letter, page: Page) -> str:
        """Return where it stands."""
        slug, year = letter.note.slug, letter.year
        number = str(self.number) if self.number > 1 else None
        match self.kind:
            case "letter" if not self.key:
                return page.letter(slug, year, leaf=number)
            case "letter" | "own" | "realised" | "planned":
                return page.objective(slug, year, self.key, self.kind, self.number)
            case "dossier":
                return page.dossier(slug, year, self.key, self.number)
            case "objective":
                return page.at(f"/notes/{slug}/objectives/{self.key}", year=str(year), leaf=number)
            case "overview":
                return page.at(f"/notes/{slug}", year=str(year), leaf=number)

    def body(self, about: About, figures: Figures, latest: Sequence[Recorded] = ()) -> Markup:
        """Return its body, adding its figures to `figures`. Raises UnknownObjective, NotFound.

        latest: the events that an objective's page ends with.
        """
        letter = about.letter
        match self.kind:
            case "letter" if not self.key:
                return documents.letter_first(about, figures, self.number)
            case "letter":
                return documents.letter_objective(about, figures, self._excerpt(letter, "all"))
            case "own" | "realised" | "planned":
                return documents.letter_objective(about, figures, self._excerpt(letter, self.kind))
            case "dossier":
                return documents.letter_dossier(about, figures, _dossier(letter, self.key), self.number)
            case "objective":
                shown = objective_of(letter, self.key)
                return documents.objective_page(about, figures, shown, latest, self.number)
            case "overview":
                return documents.overview(about, figures, self.number)

    def _excerpt(self, letter: Letter, shown: Shown) -> Excerpt:
        objective = objective_of(letter, self.key)
        return excerpt(objective, shown, _under(letter, objective), self.number)


def leaf_of(letter: Letter, objective: ObjectiveId, section: SectionKind | None, number: int) -> Leaf:
    """Return the leaf at the address of an objective of a letter. Raises UnknownObjective."""
    if section is not None:
        return Leaf(section, objective, number)
    found = objective_of(letter, objective)
    return Leaf("own" if is_divided(found, _under(letter, found)) else "letter", objective, number)


def objective_of(letter: Letter, objective: ObjectiveId) -> Objective:
    """Return an objective of a letter. Raises UnknownObjective."""
    found = objectives_in(letter).get(objective)
    if found is None:
        raise UnknownObjective(f"this letter has no objective {objective!r}", objective=objective)
    return found


def _under(letter: Letter, objective: Objective) -> list[Objective]:
    return [each for each in letter.objectives if each.parent == objective.id]


def _dossier(letter: Letter, dossier: DossierId) -> Dossier:
    for objective in letter.objectives:
        for each in dossiers_of(objective):
            if each.dossier == dossier:
                return each
    raise NotFound(f"this letter has no dossier {dossier!r}", dossier=dossier)
