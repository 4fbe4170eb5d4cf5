"""The leaves of a letter: its pages whose figures have addresses of their own, as these addresses name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from markupsafe import Markup

from contracts.types import DossierId, ObjectiveId
from regesta.errors import NotFound
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.errors import UnknownObjective
from services.reporting.domain.letter import Letter, Objective
from services.reporting.domain.outline import dossiers_of, objectives_in
from services.reporting.render import documents
from services.reporting.render.documents import Excerpt, View
from services.reporting.render.figures import Figures
from services.reporting.render.page import Page

Kind: TypeAlias = Literal["letter", "realised", "planned", "dossier", "overview", "objective"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page. key: of the objective or dossier that it is about; "" for the first page of the letter and the overview."""

    kind: Kind
    key: str = ""

    @classmethod
    def of(cls, name: str) -> Leaf:
        """Return the leaf of a name, such as "letter" or "planned-0193…". Raises NotFound."""
        word, _, key = name.partition("-")
        for kind in KINDS:
            if kind == word:
                return cls(kind, key)
        raise NotFound(f"a letter has no page {name!r}", part=name)

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return f"{self.kind}-{self.key}" if self.key else self.kind

    @property
    def asks_until(self) -> bool:
        """Whether it can say what happened by a day."""
        return self.kind not in {"overview", "objective"}

    def address(self, letter: Letter, page: Page) -> str:
        """Return where it stands."""
        slug, year = letter.note.slug, letter.year
        match self.kind:
            case "letter":
                return page.objective(slug, year, self.key) if self.key else page.letter(slug, year)
            case "realised" | "planned":
                return page.objective(slug, year, self.key, self.kind)
            case "dossier":
                return page.at(f"/letters/{slug}/{year}/dossiers/{self.key}")
            case "objective":
                return page.at(f"/notes/{slug}/objectives/{self.key}", year=str(year))
            case "overview":
                return page.at(f"/notes/{slug}", year=str(year))

    def body(self, letter: Letter, view: View, page: Page, doors: Figures) -> Markup:
        """Return its body, adding its figures to `doors`. Raises UnknownObjective, NotFound."""
        match self.kind:
            case "letter" if not self.key:
                return documents.letter_first(letter, view, page, doors)
            case "letter":
                # What is the objective's own comes first, so its figures have the same numbers on a page without sections.
                chosen = Excerpt(objective_of(letter, self.key))
                return documents.letter_objective(letter, view, page, doors, chosen)
            case "realised" | "planned":
                chosen = Excerpt(objective_of(letter, self.key), self.kind)
                return documents.letter_objective(letter, view, page, doors, chosen)
            case "dossier":
                return documents.letter_dossier(letter, view, page, doors, _dossier(letter, self.key))
            case "objective":
                return documents.objective_page(letter, view, page, doors, (objective_of(letter, self.key), []))
            case "overview":
                return documents.overview(letter, view, page, doors)


def objective_of(letter: Letter, objective: ObjectiveId) -> Objective:
    """Return an objective of a letter. Raises UnknownObjective."""
    found = objectives_in(letter).get(objective)
    if found is None:
        raise UnknownObjective(f"this letter has no objective {objective!r}", objective=objective)
    return found


def _dossier(letter: Letter, dossier: DossierId) -> Dossier:
    for objective in letter.objectives:
        for each in dossiers_of(objective):
            if each.dossier == dossier:
                return each
    raise NotFound(f"this letter has no dossier {dossier!r}", dossier=dossier)
