"""What became of a file: every piece of it counted once, by kind and outcome, and named where it is not as is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final, get_args

from pydantic import JsonValue, TypeAdapter
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.importing.plan import Item, Kind, Outcome, ServiceName

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
OUTCOMES: Final[dict[Outcome, str]] = {
    "as_is": "as is",
    "repaired": "repaired",
    "as_printed": "as printed only",
    "refused": "refused",
}
# Of a long list on the screen.
SHOWN_LINES: Final = 20
STYLES: Final[dict[Outcome, str]] = {"as_is": "", "repaired": "cyan", "as_printed": "yellow", "refused": "red"}


_REPORT: Final = TypeAdapter[dict[str, object]](dict[str, object])


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an import. held: how many pieces of each kind the file holds; recorded: events of this import.

    already: commands whose fact of the file was imported before, by service.
    """

    note: str
    entity: str
    file: str
    held: Mapping[Kind, int]
    items: tuple[Item, ...]
    recorded: Mapping[ServiceName, int]
    already: Mapping[ServiceName, int]

    def __post_init__(self) -> None:
        """Raise AssertionError unless the counts add up to what the file holds."""
        found = Counter(item.kind for item in self.items)
        if found != Counter(self.held):
            raise AssertionError(f"the file holds {dict(self.held)}, the report counts {dict(found)}")

    def counts(self) -> dict[Kind, dict[Outcome, int]]:
        """Return how many pieces of each kind came to each outcome."""
        found = Counter((item.kind, item.outcome) for item in self.items)
        return {kind: {each: found[kind, each] for each in OUTCOMES} for kind in KINDS if self.held.get(kind)}

    def totals(self) -> dict[Outcome, int]:
        """Return how many pieces came to each outcome."""
        found = Counter(item.outcome for item in self.items)
        return {each: found[each] for each in OUTCOMES}

    def remarkable(self) -> list[Item]:
        """Return what is not as is, and what has a remark, in the order of the file."""
        return sorted(
            (item for item in self.items if item.outcome != "as_is" or item.reason is not None),
            key=lambda item: _steps(item.pointer),
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the report as JSON: `{note, entity, file, held, total, counts, totals, recorded, already, items}`.

        items: those that are not as is or have a remark, each with its JSON pointer, kind, outcome and reason.
        """
        document: dict[str, JsonValue] = _REPORT.dump_python(
            {
                "note": self.note,
                "entity": self.entity,
                "file": self.file,
                "held": {kind: self.held[kind] for kind in KINDS if self.held.get(kind)},
                "total": len(self.items),
                "counts": self.counts(),
                "totals": self.totals(),
                "recorded": self.recorded,
                "already": self.already,
                "items": [asdict(item) for item in self.remarkable()],
            },
            mode="json",
        )
        return document

    def rich(self) -> RenderableType:
        """Return the counts as a table, and below it what was refused or has a remark."""
        table = Table(title=f"Imported into {self.note}", title_justify="left")
        table.add_column("")
        for outcome, title in OUTCOMES.items():
            table.add_column(title, justify="right", style=STYLES[outcome])
        table.add_column("in the file", justify="right")
        for kind, by_outcome in self.counts().items():
            table.add_row(kind.replace("_", " "), *(_shown(n) for n in by_outcome.values()), str(self.held[kind]))
        table.add_section()
        table.add_row("all", *(str(n) for n in self.totals().values()), str(len(self.items)))
        told = [item for item in self.remarkable() if item.outcome in {"refused", "as_is"}]
        told.sort(key=lambda item: item.outcome != "refused")
        lines = [Text(f"{item.pointer}: {item.reason}", style=STYLES[item.outcome]) for item in told[:SHOWN_LINES]]
        if len(told) > SHOWN_LINES:
            lines.append(Text(f"... and {len(told) - SHOWN_LINES} more, all in the JSON report"))
        recorded = ", ".join(f"{n} in {service}" for service, n in self.recorded.items())
        return Group(table, Text(f"Events recorded: {recorded}."), *lines)


def refused(items: Iterable[Item], reasons: Mapping[str, str]) -> tuple[Item, ...]:
    """Return the items, those among them with a reason as refused. reasons: of the services, by pointer."""
    return tuple(
        item if item.pointer not in reasons else Item(item.pointer, item.kind, "refused", reasons[item.pointer])
        for item in items
    )


def _shown(count: int) -> str:
    return str(count) if count else "-"


def _steps(pointer: str) -> list[tuple[int, str]]:
    return [(int(step), "") if step.isdecimal() else (-1, step) for step in pointer.split("/")]
