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
# Longer than the key of any list: names of things, names of events, a read model with a position.
LONGEST_KEY = 200

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

    def place(self) -> tuple[str, int]:
        """Return the read model and position that `after` names, as `place_key` does; ("", 0) for the first page.

        Raises Malformed.
        """
        if not self.after:
            return "", 0
        name, _, position = self.after.rpartition(":")
        if not (name and position.isascii() and position.isdigit() and int(position) <= LARGEST):
            raise Malformed(f"after: {self.after!r} is not as in 'lines:1234'", after=self.after)
        return name, int(position)

    def page(self, view: View, rows: Sequence[T], key: Callable[[T], str]) -> tuple[T, ...]:
        """Return the rows of the page, of up to `wanted` that were read.

        The answer names the page after it, when there is one: as of the same cut, whatever is recorded in the meantime.
        """
        return self._page(rows, key, view.again)

    def page_of_now(self, rows: Sequence[T], key: Callable[[T], str]) -> tuple[T, ...]:
        """Return the same of a list that has no past: what leaves it in the meantime is not on the pages to come."""
        return self._page(rows, key, {})

    def _page(self, rows: Sequence[T], key: Callable[[T], str], state: dict[str, str]) -> tuple[T, ...]:
        page = tuple(rows[: self.limit])
        if len(rows) > self.limit:
            url = self.request.url.remove_query_params(["as_of", "cut"])
            url = url.include_query_params(after=key(page[-1]), **state)
            self.response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page


def place_key(projection: str, position: int) -> str:
    """Return what stands for a place in a list by read model and position; names of reactions have colons themselves."""
    return f"{projection}:{position}"


async def paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS), IN_DIGITS] = ROWS,
    after: Annotated[
        str, Query(max_length=LONGEST_KEY, description="The key of the last row of the page before.")
    ] = "",
) -> Paging:
    """Give the Paging of a request."""
    return Paging(limit, after, request, response)


Paged: TypeAlias = Annotated[Paging, Depends(paging)]
