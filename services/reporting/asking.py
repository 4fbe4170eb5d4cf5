"""What a request for a letter or a page may say beside its address, read alike for JSON and for HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import Depends, Header, Path, Query, Request

from contracts.types import Language, NoteSlug
from regesta.event import IsoDay
from regesta.strict import IN_DIGITS

MOST_LEAVES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader may choose of any letter and page; of which day it speaks is chosen with the kernel's View.

    The last five shape pages only. `Page` takes them from the address as they stand, for its links take them along.
    """

    occurred_until: Annotated[
        IsoDay | None,
        Query(description="Tells of each dated fact whether it had happened by this day: certain, possible or no."),
    ] = None
    lang: Annotated[Language | None, Query(description="Of a page's frame: fr, nl or en.")] = None
    text: Annotated[Literal["fr", "nl"] | None, Query(description="Of a page's text: fr or nl.")] = None
    both: Annotated[Literal["1"] | None, Query(description="`1`: on a page, the other language beside it.")] = None
    leaf: Annotated[
        int | None, Query(ge=1, le=MOST_LEAVES, description="Of a page that is too long for one, from 1."), IN_DIGITS
    ] = None
    view: Annotated[Literal["whole"] | None, Query(description="`whole`: a letter on one page, for print.")] = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for what is served as JSON and as a page. accept, if_none_match: its headers."""

    request: Request
    choices: Annotated[Choices, Depends()]
    accept: Annotated[str | None, Header(max_length=1000)] = None
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None

    def holds(self, etag: str) -> bool:
        """Whether the reader holds this very answer."""
        return self.if_none_match is not None and etag in {each.strip() for each in self.if_none_match.split(",")}


Chosen: TypeAlias = Annotated[Choices, Depends()]
Asks: TypeAlias = Annotated[Asking, Depends()]
YearInPath: TypeAlias = Annotated[int, Path(ge=1900, le=2199, description="N: the letter plans it."), IN_DIGITS]
YearInQuery: TypeAlias = Annotated[
    int | None, Query(ge=1900, le=2199, description="Of the letter; without it the note's own."), IN_DIGITS
]


@dataclass(frozen=True, slots=True)
class Which:
    """The letter that an address names."""

    note: Annotated[NoteSlug, Path()]
    year: YearInPath


Addressed: TypeAlias = Annotated[Which, Depends()]
