"""Which form of an answer a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from regesta.caller import weights
from services.reporting.domain.errors import NotAcceptable

Form: TypeAlias = Literal["json", "html"]

HTML: Final = "text/html"
JSON: Final = "application/json"


def form_of(accept: str | None, json: tuple[str, ...] = (JSON,)) -> Form:
    """Return the form that an Accept header prefers (RFC 9110), JSON when it prefers neither. Raises NotAcceptable.

    json: the media types that the JSON form answers to.
    """
    if accept is None or not accept.strip():
        return "json"
    weighed = weights(accept)
    liking: dict[Form, float] = {
        "json": max(_liking(weighed, (name, "application/*", "*/*")) for name in json),
        "html": _liking(weighed, (HTML, "text/*", "*/*")),
    }
    best = max(liking, key=lambda form: liking[form])
    if liking[best] <= 0:
        raise NotAcceptable(f"this is {json[0]} or {HTML}, not {accept!r}", accept=accept)
    return best


def _liking(weighed: Mapping[str, float], ranges: tuple[str, ...]) -> float:
    """Return the weight of the most exact range that is named; ranges: from exact to wide."""
    return next((weighed[each] for each in ranges if each in weighed), 0.0)
