"""Parts of letters as JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Final

import orjson
from pydantic import BaseModel

# The names of members, by class.
MEMBERS: Final[dict[type, tuple[str, ...]]] = {}
OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical(part: object) -> bytes:
    """Return the JSON of a part, of parts, or of an answer with parts in it, as RFC 8785 writes it.

    Members are sorted, those that are null left out. Its numbers are whole, its decimals are strings.
    """
    return orjson.dumps(part, default=_plain, option=OPTIONS)


def _plain(value: object) -> object:
    """Return a value that orjson does not write as one that it does. A large letter asks some 400,000 times."""
    kind = type(value)
    if kind is Decimal:
        return format(value, "f")
    plain: dict[str, object] = {}
    for name in MEMBERS.get(kind) or _learned(kind):  # as members_of, without another call
        member = getattr(value, name)
        if member is not None:
            plain[name] = member
    return plain


def members_of(kind: type) -> tuple[str, ...]:
    """Return the names of a class's members. Raises TypeError for what is no part and no value of a contract."""
    return MEMBERS.get(kind) or _learned(kind)


def _learned(kind: type) -> tuple[str, ...]:
    if issubclass(kind, BaseModel):
        names = tuple(kind.model_fields)
    elif is_dataclass(kind):
        names = tuple(each.name for each in fields(kind))
    else:
        raise TypeError(f"{kind.__name__} is not written in letters")
    MEMBERS[kind] = names
    return names
