"""Parts of letters as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Final

import orjson
from pydantic import BaseModel

OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical(part: object) -> bytes:
    """Return the JSON of a part, of parts, or of an answer with parts in it, as RFC 8785 writes it.

    Members are sorted, those that are null left out. Its numbers are whole, its decimals are strings.
    """
    return orjson.dumps(part, default=_plain, option=OPTIONS)


def hash_of(document: bytes) -> str:
    """Return the hash of a letter's canonical JSON, hexadecimal."""
    return hashlib.sha256(document).hexdigest()


def _plain(value: object) -> object:
    """Return a value that orjson does not write as one that it does."""
    if isinstance(value, Decimal):
        return format(value, "f")
    names, read = _members(type(value))  # type: ignore[arg-type]  # mypy sees the hash of an object, not of its class
    return {name: member for name, member in zip(names, read(value), strict=True) if member is not None}


@cache
def _members(kind: type[object]) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    """Return the names of a class's members, and what reads them from an object of it, all at once.

    Raises TypeError for a class that is neither a part nor a value of a contract.
    """
    if not (is_dataclass(kind) or issubclass(kind, BaseModel)):
        raise TypeError(f"{kind.__name__} is not written in letters")
    names = tuple(kind.model_fields) if issubclass(kind, BaseModel) else tuple(each.name for each in fields(kind))
    return names, attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
