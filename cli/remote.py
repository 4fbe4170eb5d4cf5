"""A running Regesta as the operator's command sees it: an address and a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import httpx2

from regesta.errors import Misconfigured, RegestaError

TIMEOUT_SECONDS = 60.0
# Rows of a page of a list, the most that a service gives.
PAGE_ROWS = 500

# What a service answered, as JSON: its shape is the OpenAPI document's.
Answer: TypeAlias = Any


class RemoteRefused(RegestaError):
    """The service answered with a problem; `problem` is its document."""

    code = "remote-refused"

    def __init__(self, problem: dict[str, object]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title")))
        self.problem = problem


class RemoteUnreachable(RegestaError):
    """Nothing answers at the address."""

    code = "remote-unreachable"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the services answer, and with which token they are asked."""

    url: str
    token: str

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, object] | None = None,
        accept: str = "application/json",
    ) -> httpx2.Response:
        """Return the answer of a request that went well. Raises RemoteRefused, RemoteUnreachable."""
        headers = {"Authorization": f"Bearer {usable(self.token)}", "Accept": accept}
        url = self.url.rstrip("/") + path
        try:
            answer = httpx2.request(method, url, params=params, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise RemoteUnreachable(f"{url} does not answer: {error}") from error
        if not answer.is_success:
            raise RemoteRefused(problem_in(answer))
        return answer

    def read(self, path: str, params: dict[str, str] | None = None) -> Answer:
        """Return the document at a path. Raises RemoteRefused, RemoteUnreachable."""
        return self._document(self.ask("GET", path, params=params))

    def read_list(self, path: str, most: int) -> tuple[list[Answer], bool]:
        """Return the first rows of a list, and whether there are more. most: pages of 500 rows that are read.

        Raises RemoteRefused, RemoteUnreachable.
        """
        rows: list[Answer] = []
        params: dict[str, str] | None = {"limit": str(PAGE_ROWS)}
        for _ in range(most):
            answer = self.ask("GET", path, params=params)
            rows += self._document(answer)
            params = _next_of(answer)
            if params is None:
                break
        return rows, params is not None

    @staticmethod
    def _document(answer: httpx2.Response) -> Answer:
        if not answer.headers.get("content-type", "").startswith("application/json"):
            raise RemoteRefused(problem_in(answer) | {"detail": f"{answer.url} answers, but not as Regesta does"})
        document: Answer = answer.json()
        return document


def usable(token: str) -> str:
    """Return a token that can stand in a header. Raises Misconfigured, without showing it."""
    if not token:
        raise Misconfigured("a token is needed: set REGESTA_TOKEN or give --token; `regesta token` makes one")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise Misconfigured("the token has a character that no token has; copy it again")
    return token


def _next_of(answer: httpx2.Response) -> dict[str, str] | None:
    """Return the query of the page after one; None for the last. The address is kept: a token goes to no other."""
    link = answer.links.get("next")
    return None if link is None else dict(parse_qsl(urlsplit(link["url"]).query))


def problem_in(answer: httpx2.Response) -> dict[str, object]:
    """Return the problem document of an answer, or what stands in for one when something else answered."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return problem
    return {"title": answer.reason_phrase, "status": answer.status_code, "detail": answer.text[:200]}
