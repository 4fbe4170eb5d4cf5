"""Events told to a reader: what they say in a few words, and the sheets in which they stand behind a figure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from markupsafe import escape
from pydantic import JsonValue, ValidationError

from contracts.dates import ImpreciseDate
from contracts.types import LANGUAGES, Language, Place
from regesta.event import Recorded
from regesta.projection import newest
from services.reporting.render.figures import Door
from services.reporting.render.names import cut
from services.reporting.render.words.numbers import money, number
from services.reporting.render.words.official import EMPTY, FIELDS, STATUSES
from services.reporting.render.words.values import EVENTS, STEPS

LONGEST: Final = 110
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a figure opens. more: how many further events are behind it; href: where they all stand."""

    door: Door
    events: Sequence[Recorded]
    more: int
    href: str


def event_words(event: Recorded, language: Language) -> str:
    """Return what an event says: its kind, and what makes it this one. A type of a later release is named by its name."""
    event = _as_newest(event)
    kind = event.type.rpartition(".v")[0]
    words = (STEPS | EVENTS).get(kind)  # type: ignore[operator]
    said = words.get(language) if words else event.type
    data: dict[str, JsonValue] = json.loads(event.raw)
    details = [detail for detail in (_detail(name, data[name], language) for name in TELLING if name in data) if detail]
    return cut(f"{said}, {', '.join(details)}" if details else said, LONGEST)


def _as_newest(event: Recorded) -> Recorded:
    """Return an event with the members of its newest class; as it was recorded when it cannot be read."""
    try:
        fact = newest(event)
    except Exception:  # noqa: BLE001 - an event that cannot be folded is shown all the same
        return event
    return event if fact is None else fact[0]


# Members that make an event this one, in the order they are told.
TELLING: Final = (
    "amount_cents",
    "commitment_cents",
    "liquidation_cents",
    "fte",
    "value",
    "field",
    "status",
    "title",
    "text",
    "label",
    "line",
    "allocation",
    "as_printed",
    "payment",
    "reason",
)


def _detail(name: str, value: JsonValue, language: Language) -> str | None:
    """Return one member in words; None when it says nothing."""
    match value:
        case {"state": "known", "value": inner}:
            return _detail(name, inner, language)
        case {"state": str(state)}:
            return EMPTY[state].get(language) if name == "value" else None
        case dict():
            return _text(value, language)
        case int() if name.endswith("_cents"):
            return money(value, language)
        case str() | int():
            return _word(name, str(value), language)
        case _:
            return None


def _word(name: str, value: str, language: Language) -> str:
    """Return a plain member in words: codes by their names, anything else as it is."""
    match name:
        case "field" if value in FIELDS:
            return FIELDS[value].get(language).lower()
        case "status" if value in STATUSES:
            return STATUSES[value].get(language)
        case "value" | "fte" if NUMBER.fullmatch(value):
            return number(Decimal(value), language)
        case "line":
            return value.partition(".")[2]
        case _:
            return cut(value, 60)


def _text(value: dict[str, JsonValue], language: Language) -> str | None:
    for choice in (language, *LANGUAGES):
        said = value.get(choice)
        if isinstance(said, str):
            return cut(said, 60)
    return None


def occurred_words(occurred: str | None, language: Language) -> str:
    """Return when an event happened in the world, in words: never the day it was recorded."""
    if occurred is None:
        return EMPTY["no_date"].get(language)
    try:
        return ImpreciseDate(occurred).wording(language)
    except ValueError:  # a later release may know more forms
        return occurred


def place_of(event: Recorded) -> Place | None:
    """Return where an event was read, when it says so in a way known here."""
    try:
        return Place.model_validate(json.loads(_as_newest(event).raw).get("place"))
    except ValidationError:
        return None


class JsonText(NamedTuple):
    """The data of an event, indented. whole: nothing of it is left out."""

    text: str
    whole: bool


def json_text(event: Recorded, most: int) -> JsonText:
    """Return the data of an event as JSON. most: bytes of HTML that there is room for."""
    text = json.dumps(json.loads(event.raw), indent=2, ensure_ascii=False)
    room = most
    for place, character in enumerate(text):
        room -= len(escape(character).encode())
        if room < 0:
            return JsonText(f"{text[:place]}…", whole=False)
    return JsonText(text, whole=True)
