"""Lists in pages: `limit` rows after a key, and the address of the next page in the Link header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Depends, Query, Request, Response

from regesta.view import View

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is wanted, and where to say that there is another."""

    limit: int
    request: Request
    response: Response

    @property
    def wanted(self) -> int:
        """How many rows to read: one more than the page holds, which tells whether there is another."""
        return self.limit + 1

    def page(self, view: View, rows: Sequence[T], key: Callable[[T], str]) -> tuple[T, ...]:
        """Return the rows of the page; the answer names the next one, at the same cut, when there is one."""
        page = tuple(rows[: self.limit])
        if len(rows) > self.limit:
            url = self.request.url.include_query_params(after=key(page[-1]))
            if "as_of" not in self.request.query_params:
                url = url.include_query_params(cut=view.token)
            self.response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page


async def paging(request: Request, response: Response, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Paging:
    """Give the Paging of a request."""
    return Paging(limit, request, response)


Paged: TypeAlias = Annotated[Paging, Depends(paging)]
