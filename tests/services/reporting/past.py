"""What the steps of a random history share: its logs, what stands in them, and random values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Literal, TypeAlias
from uuid import UUID

import orjson

from contracts import commitments, kpi, objectives
from contracts.dates import ImpreciseDate
from contracts.types import NONE, PENDING, UNKNOWN, Place, Section, Stated, Text, known
from regesta.event import Event, Recorded
from services.reporting.projections.standing import REGISTRY

Source: TypeAlias = Literal["objectives", "kpi", "budget"]

NOTES: Final = ("territorial", "tourism")
LOG: Final = {
    "objectives": str(UUID(int=1)),
    "kpi": str(UUID(int=2)),
    "budget": str(UUID(int=3)),
}
START: Final = datetime(2024, 1, 2, 8, tzinfo=UTC)
DAYS: Final = (
    "2023",
    "2023-06",
    "2023-06-15",
    "2023-36",
    "2023-41",
    "2024-22",
    "2022-39/2023-37",
    "2022-09-01/..",
    "XXXX-07",
)
YEARS: Final = (2023, 2024)


@dataclass
class Past:
    """What was recorded so far. logs: its events by log, as they stand in a replica; the other members: what can still change."""

    seed: int
    logs: dict[Source, list[Recorded]] = field(default_factory=lambda: {"objectives": [], "kpi": [], "budget": []})
    notes: Sequence[str] = NOTES

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 a test's own history
        self.now = START
        self.versions: dict[tuple[Source, str], int] = {}
        self.steps: list[tuple[Source, str, int]] = []
        self.objectives: list[tuple[str, str, str]] = []
        self.sections: dict[str, Section] = {}
        self.dossiers: list[str] = []
        self.linked: set[tuple[str, str]] = set()
        self.milestones: list[tuple[str, str]] = []
        self.indicators: list[str] = []
        self.placed: set[tuple[str, str, Section | None]] = set()
        self.measured: list[tuple[str, int, kpi.IndicatorMeasured]] = []
        self.lines: list[str] = []
        self.assigned: list[tuple[str, str, str]] = []
        self.conventions: list[tuple[str, str]] = []
        self.commitments: list[tuple[str, commitments.AmountCommitted]] = []
        self.payments: list[tuple[str, commitments.PaymentLiquidated]] = []
        self.units: list[tuple[str, str, Literal["lead", "contributor"]]] = []
        for note in self.notes:
            opened = objectives.PolicyNoteOpened(
                title=self.text(), reference="A-785/2", legislature="2019-2024", realised_year=2023, planned_year=2024
            )
            self.add("objectives", f"note/{note}", opened)
            for level in ("strategic", "operational", "action"):
                self.register(note, level)

    def add(self, source: Source, stream: str, event: Event, occurred: str | None = None) -> int:
        """Record an event and return its position."""
        self.now += timedelta(minutes=self.random.randrange(600))
        log = self.logs[source]
        version = self.versions[source, stream] = self.versions.get((source, stream), 0) + 1
        raw = orjson.dumps(orjson.loads(event.model_dump_json(exclude_none=True))).decode()
        log.append(
            Recorded(
                source,
                len(log) + 1,
                stream,
                version,
                self.now,
                event.name,
                raw,
                LOG[source],
                REGISTRY,
                "officer",
                occurred,
            )
        )
        if event.withdrawable:
            self.steps.append((source, stream, len(log)))
        return len(log)

    def cut(self) -> dict[str, int]:
        """Return a random cut."""
        return {source: self.random.randint(0, len(log)) for source, log in self.logs.items()}

    def id(self) -> str:
        """Return a new id."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def text(self) -> Text:
        """Return some text, sometimes in one language only."""
        word = f"mot {self.random.randrange(1000)}"
        return self.random.choice([Text(fr=word, nl=f"woord {word}"), Text(fr=word), Text(nl=word)])

    def section(self) -> Section | None:
        """Return a section of one of some letters, or none."""
        return self.random.choice(
            [
                None,
                Section(year=2023, kind="realised"),
                Section(year=2024, kind="planned"),
                Section(year=2022, kind="realised"),
            ]
        )

    def cents(self) -> int:
        """Return an amount."""
        return self.random.randrange(1, 100_000_000)

    def stated(self) -> Stated[int]:
        """Return a stated amount, or a kind of empty."""
        choices: list[Stated[int]] = [known(self.cents()), NONE, UNKNOWN, PENDING]
        return self.random.choice(choices)

    def day(self) -> ImpreciseDate:
        """Return an imprecise date."""
        return ImpreciseDate(self.random.choice(DAYS))

    def place(self) -> Place | None:
        """Return a place in a document, or none."""
        return self.random.choice([None, Place(document="A-785/2", line=self.random.randrange(1, 3000))])

    def register(self, note: str, level: Literal["strategic", "operational", "action"]) -> None:
        """Register an objective under one of the level above."""
        above = {"strategic": None, "operational": "strategic", "action": "operational"}[level]
        parents = [id_ for of, lvl, id_ in self.objectives if of == note and lvl == above]
        objective = self.id()
        section = self.section() if level == "action" else None
        registered = objectives.ObjectiveRegistered(
            objective=objective,
            level=level,
            code=self.random.choice([None, f"IV.{len(self.objectives)}"]),
            parent=self.random.choice(parents) if parents else None,
            title=self.random.choice([None, self.text()]),
            section=section,
        )
        self.add("objectives", f"note/{note}", registered)
        self.add("objectives", f"objective/{objective}", objectives.ObjectiveOpened(note=note, level=level))
        self.objectives.append((note, level, objective))
        if section is not None:
            self.sections[objective] = section

    def any(self) -> tuple[str, str, str]:
        """Return a random (note, level, objective)."""
        return self.random.choice(self.objectives)


Step: TypeAlias = Callable[[Past], None]
