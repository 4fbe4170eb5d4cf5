"""Lists in pages: some rows after a cursor, and the address of the next page in the Link header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Depends, Query, Request, Response

from regesta.errors import Malformed
from regesta.event import split_name
from regesta.strict import IN_DIGITS, LARGEST
from regesta.view import View

MOST_ROWS = 500
ROWS = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is wanted. after: the key of the last row of the page before; empty for the first page."""

    limit: int
    after: str
    request: Request
    response: Response

    @property
    def wanted(self) -> int:
        """How many rows to read: one more than the page holds, which tells whether there is another."""
        return self.limit + 1

    def position(self, log: str) -> int:
        """Return the position of the event of `log` that `after` names; 0 for the first page. Raises Malformed."""
        if not self.after:
            return 0
        try:
            source, position = split_name(self.after)
        except ValueError as error:
            raise Malformed(f"after: {error}", after=self.after) from error
        if source != log or position > LARGEST:
            raise Malformed(f"after: {self.after!r} is no event of {log}", after=self.after)
        return position

    def page(self, view: View, rows: Sequence[T], key: Callable[[T], str]) -> tuple[T, ...]:
        """Return the rows of the page, of up to `wanted` that were read.

        The answer names the page after it, when there is one: as of the same cut, whatever is recorded in the meantime.
        """
        page = tuple(rows[: self.limit])
        if len(rows) > self.limit:
            url = self.request.url.include_query_params(after=key(page[-1]))
            if "as_of" not in self.request.query_params:
                url = url.include_query_params(cut=view.token)
            self.response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page


async def paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS), IN_DIGITS] = ROWS,
    after: Annotated[str, Query(max_length=100, description="The key of the last row of the page before.")] = "",
) -> Paging:
    """Give the Paging of a request."""
    return Paging(limit, after, request, response)


Paged: TypeAlias = Annotated[Paging, Depends(paging)]
