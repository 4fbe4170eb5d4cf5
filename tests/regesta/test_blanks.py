"""What holds no event of a type is looked through once, and is not taken for blank once there is one."""

from __future__ import annotations

import pytest

from regesta import blanks
from regesta.blanks import Blank, Blanks
from regesta.suites import new_unit
from regesta.testing import MemoryStore
from regesta.unit import Appended, Meta, NewEvent
from tests.regesta.jars import REGISTRY, JarFilled, JarLabelled

LABELLED = "jar-labelled"
LOG = "one"


class Counting(MemoryStore):
    """A store that keeps what it looked through."""

    def __init__(self) -> None:
        super().__init__("jars", REGISTRY)
        self.looked: list[tuple[int, int]] = []

    async def first_of(self, kind: str, after: int, until: int) -> int | None:
        """Return the first position of an event of a type (see Store)."""
        self.looked.append((after, until))
        return await super().first_of(kind, after, until)

    async def record(self, kinds: str) -> None:
        """Append an event for each letter: f for a fill, l for a label."""
        for kind in kinds:
            head = (await self.head("jars")).position
            event = JarFilled(ref="r", amount=1) if kind == "f" else JarLabelled(label="x")
            unit = new_unit(NewEvent.of(f"jar/{head}", 1, event, Meta("officer")))
            assert await self.append(unit) == Appended(head + 1, head + 1)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Counting:
    monkeypatch.setattr(blanks, "WINDOW_EVENTS", 4)
    return Counting()


async def test_it_ends_before_the_next_event_of_the_type_or_with_the_log(store: Counting) -> None:
    await store.record("fflffffflff")
    ends = [await Blanks(store).after(position, LABELLED, LOG) for position in (0, 2, 3, 8, 9, 11)]
    assert ends == [
        Blank(0, 2, ended=False), Blank(2, 2, ended=False), Blank(3, 8, ended=False), Blank(8, 8, ended=False), Blank(9, 11, ended=True), Blank(11, 11, ended=True),
    ]  # fmt: skip


async def test_it_is_looked_through_once(store: Counting) -> None:
    known = Blanks(store)
    await store.record("l" + "f" * 9)
    assert await known.after(1, LABELLED, LOG) == Blank(1, 10, ended=True)
    assert store.looked == [(1, 5), (5, 9), (9, 10)]
    for position in (1, 4, 10):
        assert await known.after(position, LABELLED, LOG) == Blank(position, 10, ended=True)
    assert len(store.looked) == 3
    await store.record("fl")
    assert await known.after(2, LABELLED, LOG) == Blank(2, 11, ended=False)
    assert store.looked[3:] == [(10, 12)]
    assert await known.after(0, LABELLED, LOG) == Blank(0, 0, ended=False)
    assert await known.after(1, LABELLED, LOG) == Blank(1, 11, ended=False)
    assert store.looked[4:] == [(0, 4), (11, 12)]


async def test_another_type_another_log_or_what_was_forgotten_is_looked_through_anew(store: Counting) -> None:
    known = Blanks(store)
    await store.record("fff")
    assert await known.after(0, LABELLED, LOG) == Blank(0, 3, ended=True)
    assert await known.after(0, "jar-filled", LOG) == Blank(0, 0, ended=False)
    assert await known.after(0, LABELLED, "two") == Blank(0, 3, ended=True)
    known.forget()
    assert await known.after(0, LABELLED, LOG) == Blank(0, 3, ended=True)
    assert store.looked == [(0, 3)] * 4


async def test_no_more_is_kept_than_may_be(store: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blanks, "KEPT", 2)
    known = Blanks(store)
    await store.record("f")
    for version in (2, 3, 4):
        await known.after(0, f"{LABELLED}.v{version}", LOG)
    await known.after(0, f"{LABELLED}.v4", LOG)
    await known.after(0, f"{LABELLED}.v2", LOG)
    assert len(store.looked) == 4
