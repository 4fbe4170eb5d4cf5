"""What every page knows: the reader's language, the text's languages, and addresses that keep what the reader chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, urlencode

from contracts.types import LANGUAGES, Language

PREFIX: Final = "/reporting/v1"
# What an address takes along from page to page.
KEPT: Final = ("lang", "as_of", "cut", "occurred_until", "text", "both")

Tongue: TypeAlias = Literal["fr", "nl"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page for one reader. language: of the interface; tongue: the text's language that leads; both: beside the other.

    path: its address without the query; query: what it was asked with.
    """

    language: Language
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def tongue(self) -> Tongue:
        """The language of the letter's text that this reader reads first."""
        match self.query.get("text"):
            case "fr":
                return "fr"
            case "nl":
                return "nl"
            case _:
                return "nl" if self.language == "nl" else "fr"

    @property
    def both(self) -> bool:
        """Whether the two languages stand side by side: always, unless the reader chose one."""
        return "text" not in self.query or "both" in self.query

    @property
    def kept(self) -> dict[str, str]:
        """What the reader chose, to be sent along by links and forms."""
        return {name: self.query[name] for name in KEPT if name in self.query}

    def at(self, path: str, **changes: str | None) -> str:
        """Return an address of this service that keeps what the reader chose, but for some changes; None drops a choice."""
        chosen = {name: value for name, value in (self.kept | changes).items() if value is not None}
        query = f"?{urlencode(chosen)}" if chosen else ""
        return f"{PREFIX}{quote(path, safe='/:')}{query}"

    def here(self, **changes: str | None) -> str:
        """Return this page's own address with some changes."""
        asked = replace(self, query={})
        return asked.at(self.path.removeprefix(PREFIX), **(dict(self.query) | changes))

    def others(self, *names: str) -> dict[str, str]:
        """Return what a form on this page sends along beside its own fields of these names."""
        return {name: value for name, value in self.query.items() if name not in names}

    def letter(self, note: str, year: int, **changes: str | None) -> str:
        """Return the address of a letter's first page."""
        return self.at(f"/letters/{note}/{year}", **changes)

    def objective(self, note: str, year: int, objective: str, shown: str | None = None, leaf: int = 1) -> str:
        """Return the address of an objective's page in a letter, or of a leaf of one of its year-sections."""
        section = shown if shown in {"realised", "planned"} else None
        return self.at(f"/letters/{note}/{year}/objectives/{objective}", section=section, leaf=_leaf(leaf))

    def dossier(self, note: str, year: int, dossier: str, leaf: int = 1) -> str:
        """Return the address of a dossier's page in a letter."""
        return self.at(f"/letters/{note}/{year}/dossiers/{dossier}", leaf=_leaf(leaf))

    def leaf(self, number: int, again: Mapping[str, str]) -> str:
        """Return the address of another leaf of this page. again: as in `further`."""
        return self.further(again, leaf=_leaf(number))

    def further(self, again: Mapping[str, str], **changes: str | None) -> str:
        """Return this page's own address with some changes, at the same state of knowledge. again: what asks for it, see View."""
        return self.here(**{"as_of": None, "cut": None, **again, **changes})

    def event(self, name: str) -> str:
        """Return the address of an event's page. An event is the same as of any day."""
        return self.at(f"/events/{name}", **dict.fromkeys(("as_of", "cut", "occurred_until", "text", "both")))


def _leaf(number: int) -> str | None:
    return str(number) if number > 1 else None


def language_of(asked: str | None, accepted: str) -> Language:
    """Return the interface's language: the one asked for, else the first acceptable one, else French.

    accepted: an Accept-Language header.
    """
    wanted = [asked or "", *(part.split(";")[0].strip()[:2].lower() for part in accepted.split(","))]
    for choice in wanted:
        for language in LANGUAGES:
            if choice == language:
                return language
    return "fr"
