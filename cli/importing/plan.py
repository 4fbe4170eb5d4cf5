"""What an import is made of: the items of a file, the commands they become, and the keys that make a second import nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import JsonValue, ValidationError

from cli.importing.file import FactsFile, Node, PrintedText, Shape
from contracts.types import MOST_CENTS, UNKNOWN, Cents, Language, Place, Section, Stated, Text, known
from regesta.command import Command

# Of all ids that imports make.
NAMESPACE: Final = UUID("0a4b6a5e-7d0c-5c1e-9d53-6a2f1f8f7b11")
MOST_EUR: Final = Decimal(MOST_CENTS) / 100

ServiceName: TypeAlias = Literal["objectives", "budget", "kpi"]
Outcome: TypeAlias = Literal["as_is", "repaired", "as_printed", "refused"]
Kind: TypeAlias = Literal[
    "about",
    "policy_note",
    "strategic",
    "operational",
    "year-section",
    "action",
    "status",
    "deadline",
    "staff",
    "equal_opportunity",
    "budget_line",
    "indicator",
    "amount",
    "dated_fact",
]


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of the file and what became of it. pointer: where it stands; reason: why it is not as is."""

    pointer: str
    kind: Kind
    outcome: Outcome = "as_is"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command of an import. key: in the namespace import:{note}. pointers: the items that it records.

    early: others refer to what it opens, so it is answered before they are sent.
    """

    service: ServiceName
    command: Command
    key: str
    pointers: tuple[str, ...]
    early: bool = False

    def data(self) -> dict[str, JsonValue]:
        """Return the fields of the command that were given, as JSON."""
        given: dict[str, JsonValue] = self.command.model_dump(mode="json", exclude_none=True)
        return given

    def check(self) -> None:
        """Raise ValidationError when the service would not read what is sent."""
        type(self.command).model_validate(self.data())


@dataclass(slots=True)
class Plan:
    """The items of a file and the commands for them, in the order in which they are sent."""

    items: list[Item] = field(default_factory=list)
    commands: list[Wanted] = field(default_factory=list)

    def add(self, pointer: str, kind: Kind, make: Callable[[], tuple[Item, list[Wanted]]]) -> bool:
        """Add an item and its commands; return False when it breaks a limit of the services and is refused here."""
        try:
            item, commands = make()
            for wanted in commands:
                wanted.check()
        except ValidationError as error:
            reason = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            self.items.append(Item(pointer, kind, "refused", reason))
            return False
        self.items.append(item)
        self.commands += commands
        return True


@dataclass(slots=True)
class Facts:
    """Counts equal facts, so that each has a key of its own, whatever the order of the file."""

    note: str
    _counts: Counter[str] = field(default_factory=Counter)

    def key(self, code: str, where: str, fact: Shape | str | Decimal, section: Section | None) -> str:
        """Return the key of a fact of the file. where: the list or field it stands in; section: of its node."""
        said = fact.model_dump(mode="json", exclude_none=True) if isinstance(fact, Shape) else str(fact)
        canonical = json.dumps([said, section and section.model_dump()], sort_keys=True, ensure_ascii=False)
        base = f"{code}/{where}/{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"
        self._counts[base] += 1
        return f"{base}/{self._counts[base]}"

    def id(self, key: str) -> str:
        """Return the id of what a fact opens: a function of the note and the fact's key."""
        return str(uuid5(NAMESPACE, f"{self.note} {key}"))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the content of a node goes. objective: the id of the objective or action; section: its year-section, if any.

    language: that of fields which are printed in one language only.
    """

    node: Node
    pointer: str
    objective: str
    section: Section | None
    document: str
    language: Language

    def place(self, line: int | None = None) -> Place:
        """Return the place of a line of the document."""
        return Place(document=self.document, line=line)

    def words(self, printed: str) -> Text:
        """Return a text of the document in its language."""
        return Text.model_validate({self.language: printed})


def text_of(printed: PrintedText | None) -> Text | None:
    """Return a printed text; None when it is in neither language."""
    if printed is None or (printed.fr is None and printed.nl is None):
        return None
    return Text(fr=printed.fr, nl=printed.nl)


def cents_of(eur: Decimal | None) -> int | None:
    """Return euros as cents; None when there are none, or when they are no amount in whole cents."""
    if eur is None:
        return None
    # Numbers of a file have no trailing zeros, so the last digit says it.
    exponent = eur.as_tuple().exponent
    whole = isinstance(exponent, int) and exponent >= -2
    return int(eur * 100) if whole and 0 <= eur * 100 <= MOST_CENTS else None


def stated_cents(eur: Decimal | None) -> Stated[Cents]:
    """Return euros as stated cents: unknown where none are printed, never zero."""
    cents = cents_of(eur)
    return UNKNOWN if cents is None else known(cents)


def odd_amounts(amounts: Sequence[Decimal | None]) -> str | None:
    """Return which printed amounts cannot be kept as cents and why, in words; None when all can."""
    odd = [f"{eur:f} is {_fault(eur)}" for eur in amounts if eur is not None and cents_of(eur) is None]
    return "; ".join(odd) or None


def _fault(eur: Decimal) -> str:
    """Return what is wrong with an amount that is not kept as cents."""
    if eur < 0:
        return "less than zero"
    return f"more than {MOST_EUR:f}, the most that is kept" if eur > MOST_EUR else "no amount in whole cents"


def held(file: FactsFile) -> Counter[Kind]:
    """Return how many pieces of each kind a file holds."""
    counts: Counter[Kind] = Counter({"policy_note": 1})
    counts["about"] = int(file.about is not None)
    for node in file.objectives:
        counts[node.level] += 1
        counts["status"] += node.status_as_printed is not None
        counts["deadline"] += node.deadline_as_printed is not None
        counts["staff"] += node.fte is not None
        counts["equal_opportunity"] += node.equal_opportunity_as_printed is not None
        counts["budget_line"] += len(node.budget_lines)
        counts["indicator"] += len(node.indicators)
        counts["amount"] += len(node.amounts_in_text)
        counts["dated_fact"] += len(node.dated_facts)
    return +counts
