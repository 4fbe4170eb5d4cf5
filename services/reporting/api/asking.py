"""What a request for a letter may say beside its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeAlias

from fastapi import Depends, Header, Path, Query, Request

from regesta.event import IsoDay


@dataclass(frozen=True, slots=True)
class Asking:
    """The request for a letter. accept, if_none_match: its headers."""

    request: Request
    occurred_until: date | None
    accept: str | None
    if_none_match: str | None

    def holds(self, etag: str) -> bool:
        """Whether the reader holds this very answer."""
        return self.if_none_match is not None and etag in {each.strip() for each in self.if_none_match.split(",")}


async def asking(
    request: Request,
    occurred_until: Annotated[
        IsoDay | None,
        Query(description="Tells of each dated fact whether it had happened by this day: certain, possible or no."),
    ] = None,
    accept: Annotated[str | None, Header(max_length=1000)] = None,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Asking:
    """Give the Asking of a request."""
    return Asking(request, occurred_until, accept, if_none_match)


# Years in an address are text, which the strict type of a body does not take.
YearInPath: TypeAlias = Annotated[int, Path(ge=1900, le=2199, description="N: the letter plans it.")]
YearInQuery: TypeAlias = Annotated[
    int | None, Query(ge=1900, le=2199, description="Of the letter; without it the note's own.")
]
Asked: TypeAlias = Annotated[Asking, Depends(asking)]
