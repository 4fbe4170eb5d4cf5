"""Which form of an answer a request asks for."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

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
    weights = dict(map(_weight, accept.split(",")))
    liking: dict[Form, float] = {
        "json": max(_liking(weights, (name, "application/*", "*/*")) for name in json),
        "html": _liking(weights, (HTML, "text/*", "*/*")),
    }
    best = max(liking, key=lambda form: liking[form])
    if liking[best] <= 0:
        raise NotAcceptable(f"this is {json[0]} or {HTML}, not {accept!r}", accept=accept)
    return best


def _liking(weights: dict[str, float], ranges: tuple[str, ...]) -> float:
    """Return the weight of the most exact range that is named; ranges: from exact to wide."""
    return next((weights[each] for each in ranges if each in weights), 0.0)


def _weight(entry: str) -> tuple[str, float]:
    """Return (media range, weight) of one entry; an unreadable weight counts as 1."""
    media, *parameters = (part.strip().lower() for part in entry.split(";"))
    stated = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        weight = float(stated)
    except ValueError:
        weight = 1.0
    return media, weight if 0 <= weight <= 1 else 1.0
