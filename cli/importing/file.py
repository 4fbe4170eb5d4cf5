"""The file of facts read from one printed policy note: its shape, how it is read, and the tree of its nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from cli.importing.errors import Fault, FileRefused
from contracts.types import ANY_TEXT, SOME_TEXT, Section, SectionKind
from regesta.problem import shown

SCHEMA_ID: Final = "https://regesta.example/schemas/facts.schema.json"
# Before the point and after it: more than any double has. Whether a number is an amount that can be kept is told later, by the report.
MOST_DIGITS: Final = 1100
MOST_EXPONENT: Final = 308

NodeLevel: TypeAlias = Literal["strategic", "operational", "year-section", "action"]
# A parent stands higher; only an action can stand under one of its own level.
RANKS: Final[dict[NodeLevel, int]] = {"strategic": 0, "operational": 1, "year-section": 2, "action": 3}


def _missing_when_blank(text: str | None) -> str | None:
    return text if text is not None and text.strip() else None


def _exact(number: object) -> Decimal:
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise ValueError(f"{number!r} is no number")  # noqa: TRY004 pydantic reads ValueError only
    exact = Decimal(number)
    if abs(exact.adjusted()) > MOST_DIGITS or len(exact.as_tuple().digits) > MOST_DIGITS:
        raise ValueError(f"{exact} has more than {MOST_DIGITS} digits")
    with localcontext(prec=MOST_DIGITS):
        # As equal numbers are one fact: 2 and 2.0, 0 and -0.
        return (exact + 0).normalize()


Printed: TypeAlias = Annotated[str | None, Field(default=None, pattern=ANY_TEXT), AfterValidator(_missing_when_blank)]
Words: TypeAlias = Annotated[str, Field(pattern=SOME_TEXT)]
Name: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ANY_TEXT)
]
Number: TypeAlias = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]
Year: TypeAlias = Annotated[int, Field(strict=True, ge=1900, le=2199)]
Line: TypeAlias = Annotated[int, Field(strict=True, ge=1)]


class Shape(BaseModel):
    """A part of the file. Unknown members are refused; a missing one and null are the same: not printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PrintedText(Shape):
    """A text in French and Dutch; null where it is not printed in that language."""

    fr: Printed = None
    nl: Printed = None


class BudgetLine(Shape):
    """A budget line under a node. allocation: the code as printed. *_eur: euros, null where none is printed."""

    allocation: Words
    label: PrintedText | None = None
    category: Literal["personnel", "fonctionnement", "patrimonial", "autres"] | None = None
    commitment_eur: Number | None = None
    liquidation_eur: Number | None = None
    amount_eur_unspecified: Number | None = None
    basis: Literal["estimated", "realised"] | None = None
    source_line: Line | None = None


class Indicator(Shape):
    """A row of a table of indicators: the thresholds and the value as printed. units: the administrative units."""

    name: PrintedText | None = None
    red: Printed = None
    amber: Printed = None
    green: Printed = None
    units: Printed = None
    value: Printed = None
    source_line: Line | None = None


class Amount(Shape):
    """An amount named in the text. eur: null when the text gives no figure."""

    eur: Number | None = None
    what: Words
    source_line: Line | None = None


class DatedFact(Shape):
    """A dated statement. date: as docs/howto/import.md lists them; `(planned)` at the end of `what` marks a future tense."""

    date: Printed = None
    type: Words
    what: Words
    actor: Printed = None
    source_line: Line | None = None


class Node(Shape):
    """An objective, a year-section or an action, and what is printed under it.

    code: no other node of the file has it. parent: the code of a node of the file, before or after this one, that is of a higher
    level (strategic, operational, year-section, action) or, for an action, an action too; a year-section has one; no node is its
    own ancestor.
    """

    code: Name
    level: NodeLevel
    parent: Name | None = None
    title: PrintedText | None = None
    year: Year | None = None
    kind: SectionKind | None = None
    status_as_printed: Printed = None
    deadline_as_printed: Printed = None
    fte: Number | None = None
    equal_opportunity_as_printed: Printed = None
    budget_lines: tuple[BudgetLine, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    amounts_in_text: tuple[Amount, ...] = ()
    dated_facts: tuple[DatedFact, ...] = ()

    def alone(self) -> Node:
        """Return the node without what is printed under it."""
        return Node(
            code=self.code, level=self.level, parent=self.parent, title=self.title, year=self.year, kind=self.kind
        )


class PolicyNote(Shape):
    """The printed note. reference: its parliamentary number, which two notes can share."""

    reference: Name | None = None
    title: PrintedText
    realised_year: Year | None = None
    planned_year: Year | None = None
    legislature: Name | None = None


class FactsFile(Shape):
    """What was read from one printed policy note. about: a remark on the file, which is not imported.

    Rules that a schema does not say: no member comes twice in an object; the note has a title in French or in Dutch that is
    not blank; a blank text is one that is not printed; a number has at most 1,100 digits; codes and parents make a tree, as each
    node says.
    """

    about: Printed = None
    policy_note: PolicyNote
    objectives: tuple[Node, ...]


class Tree:
    """The nodes of a file that was read: each parent is there and stands above its children."""

    def __init__(self, file: FactsFile) -> None:
        self._nodes = {node.code: node for node in file.objectives}

    def objective_of(self, node: Node) -> Node:
        """Return the objective or action that a node's content belongs to: itself, or what a year-section stands under."""
        while node.level == "year-section":
            assert node.parent is not None  # checked when the file was read
            node = self._nodes[node.parent]
        return node

    def parent_of(self, node: Node) -> Node | None:
        """Return the objective that an objective or action stands under; None under the note itself."""
        return None if node.parent is None else self.objective_of(self._nodes[node.parent])

    def section_of(self, node: Node) -> Section | None:
        """Return the year-section that a node is or stands in; None when it has none, or one without year or kind."""
        parent = None if node.parent is None else self._nodes[node.parent]
        while parent is not None and node.level == parent.level == "action":
            parent = None if parent.parent is None else self._nodes[parent.parent]
        own = parent if node.level == "action" and parent is not None and parent.level == "year-section" else node
        return Section(year=own.year, kind=own.kind) if own.year is not None and own.kind is not None else None

    def from_above(self) -> list[Node]:
        """Return the nodes, parents first, in an order that does not depend on that of the file."""
        return sorted(
            self._nodes.values(),
            key=lambda node: (RANKS[node.level], self._depth(node), natural(node.code), node.code),
        )

    def generations(self) -> list[frozenset[str]]:
        """Return the codes of the objectives and actions by how many stand above them, those with none first."""
        found: dict[int, set[str]] = {}
        for node in self._nodes.values():
            if node.level != "year-section":
                found.setdefault(self._depth(node), set()).add(node.code)
        return [frozenset(found[depth]) for depth in sorted(found)]

    def _depth(self, node: Node) -> int:
        depth, above = 0, self.parent_of(node)
        while above is not None:
            depth, above = depth + 1, self.parent_of(above)
        return depth


def read_file(path: Path) -> FactsFile:
    """Return the facts of a file. Raises FileRefused with every fault; OSError when it cannot be opened."""
    return parse(path.read_bytes())


def parse(text: bytes) -> FactsFile:
    """Return the facts of a JSON text. Raises FileRefused with every fault, by its JSON pointer."""
    try:
        document = json.loads(
            text.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_Members
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise FileRefused([Fault("", f"this is no JSON text: {error}")]) from error
    faults = [*_repeated(document, ""), *_faults(document)]
    try:
        file = FactsFile.model_validate(document)
    except ValidationError as error:
        faults += [_fault(each) for each in error.errors()]
        raise FileRefused(faults) from error
    if faults:
        raise FileRefused(faults)
    return file


def schema() -> dict[str, JsonValue]:
    """Return the JSON Schema of the file."""
    described: dict[str, JsonValue] = FactsFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **described}


def natural(code: str) -> list[tuple[int, str]]:
    """Return a key that sorts `IV.1.2` before `IV.1.10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", code)]


def pointer(path: Sequence[str | int]) -> str:
    """Return the JSON pointer of a path."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


class _Members(dict[str, object]):
    """The members of a JSON object; repeated: the names that came more than once."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.repeated = sorted({name for name in names if names.count(name) > 1}) if len(names) > len(self) else []


def _no_number(token: str) -> object:
    raise ValueError(f"{token} is no number")


def _fault(error: ErrorDetails) -> Fault:
    """Return the fault that pydantic found. Where a member is missing there is no value."""
    at, said, value = pointer(error["loc"]), error["msg"], error["input"]
    if error["type"] == "missing":
        return Fault(at, said)
    told = repr(value)
    plain = value
    if isinstance(value, Decimal):
        # A number that no double comes near has no JSON that every reader takes.
        plain = float(value) if abs(value.adjusted()) < MOST_EXPONENT else str(value)
    return Fault(at, f"{said}: {told}" if len(told) <= 80 else said, shown(plain))


def _repeated(document: object, at: str) -> Iterator[Fault]:
    match document:
        case _Members():
            for name in document.repeated:
                yield Fault(at + pointer((name,)), f"the member {name!r} comes twice", shown(document[name]))
            for name, value in document.items():
                yield from _repeated(value, at + pointer((name,)))
        case list():
            for index, value in enumerate(document):
                yield from _repeated(value, f"{at}/{index}")
        case _:
            pass


@dataclass(frozen=True, slots=True)
class _Link:
    """What the tree needs of a node, of a file that may have faults elsewhere; None: missing, or not of its shape.

    loose: it says that it has no parent.
    """

    code: str | None
    level: NodeLevel | None
    parent: str | None
    loose: bool

    @classmethod
    def of(cls, node: object) -> _Link:
        """Return the link of a node as it stands in the file."""
        members = node if isinstance(node, dict) else {"parent": node}
        level = members.get("level")
        return cls(
            code=_code(members.get("code")),
            level=next((known for known in RANKS if known == level), None),
            parent=_code(members.get("parent")),
            loose=members.get("parent") is None,
        )


def _code(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _faults(document: object) -> Iterator[Fault]:
    """Yield what is wrong with the note's title and with the tree, whatever other faults the file has."""
    match document:
        case {"policy_note": {"title": dict() as title}} if all(
            title.get(each) is None or str(title[each]).isspace() or title[each] == "" for each in ("fr", "nl")
        ):
            yield Fault("/policy_note/title", "the note needs a title in French or in Dutch", shown(title))
        case _:
            pass
    match document:
        case {"objectives": list() as nodes}:
            yield from _tree_faults([_Link.of(node) for node in nodes])
        case _:
            pass


def _tree_faults(links: Sequence[_Link]) -> Iterator[Fault]:
    first: dict[str, _Link] = {}
    for index, link in enumerate(links):
        if link.code is not None and first.setdefault(link.code, link) is not link:
            yield Fault(f"/objectives/{index}/code", f"the code {link.code!r} comes twice", link.code)
    for index, link in enumerate(links):
        message = _wrong_parent(link, first)
        if message is not None:
            yield Fault(f"/objectives/{index}/parent", message, link.parent)


def _wrong_parent(link: _Link, links: Mapping[str, _Link]) -> str | None:
    if link.parent is None:
        return f"the year-section {link.code!r} needs a parent" if link.loose and link.level == "year-section" else None
    parent = links.get(link.parent)
    if parent is None:
        return f"the parent {link.parent!r} is not in the file"
    if _in_cycle(link, links):
        return f"{link.code!r} is its own ancestor, through {link.parent!r}"
    if parent.level is None or link.level is None or parent.level == link.level == "action":
        return None
    if RANKS[parent.level] >= RANKS[link.level]:
        return f"the parent {link.parent!r} is {parent.level}, which is not above {link.level}"
    return None


def _in_cycle(link: _Link, links: Mapping[str, _Link]) -> bool:
    """Return whether a node stands above itself; not one whose code is that of another before it."""
    if link.code is None or links[link.code] is not link:
        return False
    seen = {link.code}
    above = link.parent
    while above is not None and above in links:
        if above == link.code:
            return True
        if above in seen:
            return False
        seen.add(above)
        above = links[above].parent
    return False
