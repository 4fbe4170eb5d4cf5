"""What a request for a letter or a page may say beside its address, read alike for JSON and for HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Header, Path, Query, Request

from regesta.event import IsoDay


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader may choose of any letter and page; of which day it speaks is chosen with the kernel's View.

    The last four shape pages only. `Page` takes them from the address as they stand, for its links take them along.
    """

    occurred_until: Annotated[
        IsoDay | None,
        Query(description="Tells of each dated fact whether it had happened by this day: certain, possible or no."),
    ] = None
    lang: Annotated[str | None, Query(description="Of a page's frame: fr, nl or en.")] = None
    text: Annotated[str | None, Query(description="Of a page's text: fr or nl.")] = None
    both: Annotated[str | None, Query(description="On a page, the other language beside it.")] = None
    view: Annotated[str | None, Query(description="`whole`: a letter on one page, for print.")] = None


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
# Years in an address are text, which the strict type of a body does not take.
YearInPath: TypeAlias = Annotated[int, Path(ge=1900, le=2199, description="N: the letter plans it.")]
YearInQuery: TypeAlias = Annotated[
    int | None, Query(ge=1900, le=2199, description="Of the letter; without it the note's own.")
]
