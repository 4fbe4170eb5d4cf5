"""Lists in pages: `limit` rows after a cursor, and the address of the next page in the Link header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Query, Request, Response

from regesta.view import View

MOST_ROWS = 500
ROWS = 100


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is wanted. after: the key of the last row of the page before; empty for the first page."""

    limit: int
    after: str
    request: Request
    response: Response

    def point_to_next(self, view: View, after: str) -> None:
        """Name the page after a row in the answer. It speaks of the same cut, whatever is recorded in the meantime."""
        url = self.request.url.include_query_params(after=after)
        if "as_of" not in self.request.query_params:
            url = url.include_query_params(cut=view.token)
        self.response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


async def paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = ROWS,
    after: Annotated[str, Query(max_length=100, description="The key of the last row of the page before.")] = "",
) -> Paging:
    """Give the Paging of a request."""
    return Paging(limit, after, request, response)


Paged: TypeAlias = Annotated[Paging, Depends(paging)]
