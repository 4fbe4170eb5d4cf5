"""Budget lines: the 13-digit allocation code, its printed variants, and the key of a line. Pure."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from contracts.letters import normal
from contracts.types import SLUG

ECONOMIC_WIDTH: Final = 4
WIDTHS: Final = (2, 3, 2, 2, ECONOMIC_WIDTH)
DOTTED: Final = r"[0-9]{2}\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}"
LONGEST_ENTITY: Final = 100
# "AB n°", "A.B. nr.", "BA nr.", "BA:"; after NFKC, which writes № as No and º as o.
PREFIX: Final = re.compile(r"^(?:a\.?b\.?|b\.?a\.?)\s*(?:n\s*(?:°|o|r)\s*\.?)?\s*:?\s*", re.IGNORECASE)
SEPARATOR: Final = re.compile(r"[\s.]+")

Direction: TypeAlias = Literal["expenditure", "receipt"]
# Who keeps the budget: the same code means another line in another entity. `unstated-{note}` when a note does not say.
EntitySlug: TypeAlias = Annotated[str, StringConstraints(pattern=f"^{SLUG}$", max_length=LONGEST_ENTITY)]
# "{entity}.{allocation}", the key of a line everywhere.
LineKey: TypeAlias = Annotated[
    str, StringConstraints(pattern=rf"^{SLUG}\.{DOTTED}$", max_length=LONGEST_ENTITY + len(".00.000.00.00.0000"))
]


class UnreadableCode(ValueError):
    """A printed code that is not one 13-digit allocation beyond doubt. reason: why, without the code."""

    def __init__(self, printed: str, reason: str) -> None:
        super().__init__(f"{printed!r} is no allocation: {reason}")
        self.printed = printed
        self.reason = reason


class AllocationCode(str):
    """An allocation `MM.PPP.AA.OO.EEEE`: mission, programme, activity, order, economic code. Raises UnreadableCode."""

    __slots__ = ()

    def __new__(cls, dotted: str) -> Self:
        """Check the dotted form and return it."""
        if re.fullmatch(DOTTED, dotted) is None:
            raise UnreadableCode(dotted, "it is not written MM.PPP.AA.OO.EEEE")
        return super().__new__(cls, dotted)

    @classmethod
    def parse(cls, printed: str) -> tuple[Self, bool]:
        """Return the code of a printed form, and whether it had to be repaired.

        Repaired are spaces for dots, missing dots, "AB n°" and "BA nr." before it, and fields written without their
        leading zeros. Nothing is guessed: raises UnreadableCode with the reason when a missing digit could be another one.
        """
        groups = _groups(printed)
        fields = _fields(groups)
        if fields is None:
            raise UnreadableCode(printed, _reason(groups))
        code = cls(".".join(fields))
        return code, code != printed

    @property
    def mission(self) -> str:
        """Two digits."""
        return self[0:2]

    @property
    def programme(self) -> str:
        """Three digits."""
        return self[3:6]

    @property
    def activity(self) -> str:
        """Two digits."""
        return self[7:9]

    @property
    def order(self) -> str:
        """Two digits."""
        return self[10:12]

    @property
    def economic(self) -> str:
        """Four digits."""
        return self[13:17]

    @property
    def direction(self) -> Direction:
        """What the line does, whatever heading it is printed under.

        By the second digit of the economic code: 6 to 9 are receipts (3811: fines), the others expenditure. Source: the
        economic classification of the Belgian federal administration (BOSA), which the Regions use too.
        """
        return "receipt" if self.economic[1] in "6789" else "expenditure"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate strings with the constructor; dump as a string."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe it as a dotted string."""
        return {"type": "string", "pattern": f"^{DOTTED}$", "examples": ["33.001.07.01.1111"]}


def line_key(entity: str, allocation: AllocationCode) -> str:
    """Return the key of an entity's line."""
    return f"{entity}.{allocation}"


def split_line(line: str) -> tuple[str, AllocationCode]:
    """Return (entity, allocation) of a line's key. Raises UnreadableCode when its allocation is none."""
    entity, _, allocation = line.partition(".")
    return entity, AllocationCode(allocation)


def _groups(printed: str) -> list[str]:
    """Return the runs of digits of a printed code. Raises UnreadableCode when it holds something else."""
    plain = normal(printed).strip()
    groups = [group for group in SEPARATOR.split(PREFIX.sub("", plain)) if group]
    strange = next((group for group in groups if not (group.isascii() and group.isdigit())), None)
    if strange is not None:
        raise UnreadableCode(printed, f"{strange!r} is no group of digits")
    return groups


def _fields(groups: list[str]) -> list[str] | None:
    """Return the five fields; None when the groups are not one or more whole fields each."""
    fields: list[str] = []
    for group in groups:
        read = _fields_of(group, WIDTHS[len(fields) :])
        if read is None:
            return None
        fields += read
    return fields if len(fields) == len(WIDTHS) else None


def _fields_of(group: str, widths: tuple[int, ...]) -> list[str] | None:
    """Return the next fields, of these widths, that a group of digits holds; no two readings have the same length."""
    edges = [0, *accumulate(widths)]
    if len(group) in edges:
        return [group[start:end] for start, end in pairwise(edges[: edges.index(len(group)) + 1])]
    # A number without its leading zeros. The economic code is no number; and "01" where three digits belong has lost
    # any of them.
    if widths and len(group) < widths[0] < ECONOMIC_WIDTH and not group.startswith("0"):
        return [group.zfill(widths[0])]
    return None


def _reason(groups: list[str]) -> str:
    digits = sum(map(len, groups))
    if digits < sum(WIDTHS):
        return f"it has {digits} digits of {sum(WIDTHS)}, and which are missing cannot be told"
    if digits > sum(WIDTHS):
        return f"it has {digits} digits, not {sum(WIDTHS)}"
    return "its groups are not those of MM.PPP.AA.OO.EEEE"
