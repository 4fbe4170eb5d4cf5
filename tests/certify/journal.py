"""What a writer or a reader saw, written down before it goes on: the evidence, which outlives its process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import orjson
from pydantic import TypeAdapter

from regesta.event import Recorded
from tests.certify.units import Key, Share

# No batch of a reader makes a longer line.
TAIL_BYTES = 1_000_000


class Kind(StrEnum):
    """What a unit is sent for."""

    PLAIN = "plain"  # on streams that only this writer writes: it is stored
    STALE = "stale"  # expects a version that such a stream does not have
    REFUSED = "refused"  # holds what no database stores
    HOT = "hot"  # touches a stream that all writers write
    RACE = "race"  # its key is used by other writers at the same moment


class How(StrEnum):
    """What the writer knows of a unit when it sends it."""

    FIRST = "first"  # it was not sent before
    AGAIN = "again"  # it was acknowledged
    UNSURE = "unsure"  # it was sent, now or before, without an answer


class Outcome(StrEnum):
    """What a send was answered."""

    OK = "ok"
    SAME = "same"
    KEY = "key"
    TURN = "turn"
    CONFLICT = "conflict"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Send:
    """One sending of a unit. at: monotonic nanoseconds, of one clock for all processes.

    stands_for: the unit that was sent first under this key, when its client decided anew. truth: the version, of a stream that
    is expected at another, which a conflict must name.
    """

    number: int
    at: int
    kind: Kind
    how: How
    unit: str
    shares: tuple[Share, ...]
    key: Key | None = None
    stands_for: str | None = None
    truth: tuple[str, int] | None = None

    @property
    def command(self) -> str:
        """What all units that a client sends for one purpose have in common: the first one's id."""
        return self.stands_for or self.unit


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the send of this number. first, last: the positions it names; stream, version: of a conflict."""

    number: int
    at: int
    outcome: Outcome
    first: int = 0
    last: int = 0
    stream: str = ""
    version: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One batch that a reader was given. runs: first and last position of events that followed on each other.

    digest: of everything this reader was given so far (see Digest).
    """

    runs: tuple[tuple[int, int], ...]
    digest: str


def acknowledges(send: Send, answer: Answer) -> bool:
    """Tell whether the answer says that what was sent is stored. The key of a race may stand for another writer's unit."""
    return answer.outcome in {Outcome.OK, Outcome.SAME} or (
        answer.outcome is Outcome.KEY and send.kind is not Kind.RACE
    )


Line: TypeAlias = Send | Answer | Delivery

_READERS = {kind.__name__.encode(): TypeAdapter[Line](kind) for kind in (Send, Answer, Delivery)}


class Journal:
    """A file of lines that are handed to the operating system one by one: killing the process loses none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, len(_whole_lines(self._path)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def write(self, line: Line) -> None:
        """Write one line."""
        os.write(self._file, b"%s %s\n" % (type(line).__name__.encode(), orjson.dumps(line)))


def lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a journal; the last one only if its process lived to write it whole."""
    for line in _whole_lines(path).splitlines():
        kind, _, members = line.partition(b" ")
        yield _READERS[kind].validate_json(members)


def _whole_lines(path: Path, last_bytes: int | None = None) -> bytes:
    """Return the content of a journal, or some of its last bytes, up to the end of its last line."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        if last_bytes is not None:
            file.seek(max(0, path.stat().st_size - last_bytes))
        content = file.read()
    return content[: content.rfind(b"\n") + 1]


def reached(path: Path) -> int:
    """Return the last position of a reader's journal; 0 when it has none yet."""
    last = _whole_lines(path, TAIL_BYTES).splitlines()[-1:]
    return 0 if not last else int(orjson.loads(last[0].partition(b" ")[2])["runs"][-1][1])


def runs_of(positions: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the first and last of each run of positions that follow on each other."""
    runs: list[tuple[int, int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], position
        else:
            runs.append((position, position))
    return tuple(runs)


class Digest:
    """Stands for a sequence of events with their content: equal exactly when all of them are."""

    def __init__(self) -> None:
        self._state = hashlib.blake2b(digest_size=12)

    def take(self, event: Recorded) -> None:
        """Add one event."""
        head = f"{event.position} {event.stream} {event.version} {event.type} {event.time.isoformat()} {event.actor} "
        self._state.update((head + event.raw).encode())

    def text(self) -> str:
        """Return it as it is so far, in hexadecimal."""
        return self._state.copy().hexdigest()


def paired(journal: Iterable[Line]) -> list[tuple[Send, Answer | None]]:
    """Return each send with its answer, in order; None when there is none."""
    found = list(journal)
    answers = {line.number: line for line in found if isinstance(line, Answer)}
    return [(line, answers.get(line.number)) for line in found if isinstance(line, Send)]
