"""Many readers at once, each with one connection at most, and nobody waits for what is made of what they read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import pytest
import pytest_asyncio

from regesta import aside, readers
from services.reporting.domain.assembly import Assembly
from services.reporting.domain.letter import Letter
from tests.services.conftest import Running
from tests.services.reporting.api.territorial import DECIDED

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML: Final = {"Accept": "text/html"}
OBJECTIVE: Final = "00000000-0000-4000-8000-000000000001"
DOSSIER: Final = "00000000-0000-4000-8000-000000000003"
LINE: Final = "urban.33.004.28.01.6321"
LETTER: Final = "/reporting/v1/letters/territorial/2024"
NOTE: Final = "/reporting/v1/notes/territorial"
ADDRESSES: Final = (
    LETTER,
    f"{LETTER}?view=whole",
    f"{LETTER}?as_of=2024-01-01&occurred_until=2024-01-01",
    f"{LETTER}/objectives/{OBJECTIVE}",
    f"{LETTER}/dossiers/{DOSSIER}",
    f"{LETTER}/figures/letter-{OBJECTIVE}/1",
    NOTE,
    f"{NOTE}/overview",
    f"{NOTE}/objectives/{OBJECTIVE}",
    f"/reporting/v1/objectives/{OBJECTIVE}",
    "/reporting/v1/events/objectives:2",
    "/reporting/v1/notes",
    "/reporting/v1/",
    "/reporting/v1/projections",
    "/reporting/v1/readyz",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def programme(four: Running) -> AsyncIterator[Running]:
    """Record a note with an objective, a dossier and money for it."""
    place = {"level": "operational", "code": "IV.1.1", "title": {"fr": "Quinze contrats"}}
    dossier = {"kind": "subsidy", "title": {"fr": "Petite Suisse"}, "objectives": [OBJECTIVE]}
    commitment = {"line": LINE, "year": 2024, "amount_cents": 1_250_000_000, "dossier": DOSSIER}
    bodies = {
        "objectives/v1/notes/territorial": {"title": {"fr": "Territoire"}, "planned_year": 2024},
        f"objectives/v1/notes/territorial/objectives/{OBJECTIVE}": place,
        f"objectives/v1/dossiers/{DOSSIER}": dossier,
        **{f"objectives/v1/dossiers/{DOSSIER}/{step}": said for step, said in DECIDED.items()},
        f"budget/v1/lines/{LINE}": {"label": {"fr": "Contrats"}},
        f"budget/v1/objectives/{OBJECTIVE}/lines/{OBJECTIVE}": {
            "line": LINE, "section": {"year": 2024, "kind": "planned"}, "category": "other",
        },
        f"budget/v1/commitments/{OBJECTIVE}": commitment,
    }  # fmt: skip
    tokens = [await put(four, path, body) for path, body in bodies.items()]
    known = await four.client.get(f"/reporting/v1/notes?at_least={tokens[2]},{tokens[-1]}")
    assert known.status_code == 200
    yield four


async def put(running: Running, path: str, body: object) -> str:
    recorded = await running.client.put(path, json=body)
    assert recorded.status_code == 201, recorded.text
    return str(recorded.json()["token"])


async def read(running: Running, address: str) -> int:
    return (await running.client.get(address, headers=HTML, timeout=60)).status_code


def expected(address: str) -> int:
    """An address of a day before everything is read too, and finds nothing."""
    return 404 if "as_of" in address else 200


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_page_needs_no_more_than_one_connection(programme: Running, address: str) -> None:
    pool = programme.runtime("reporting").pool
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size() - 1):
            await stack.enter_async_context(pool.acquire())
        assert await read(programme, address) == expected(address)


async def test_four_times_as_many_readers_as_connections_all_get_their_page(
    programme: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ACQUIRE_SECONDS", 60)
    wanted = [ADDRESSES[n % len(ADDRESSES)] for n in range(4 * programme.runtime("reporting").pool.get_max_size())]
    found = await asyncio.gather(*(read(programme, address) for address in wanted))
    assert found == [expected(address) for address in wanted]


async def test_readers_for_whom_no_connection_gets_free_are_told_to_come_again(
    programme: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ACQUIRE_SECONDS", 0.2)
    runtime = programme.runtime("reporting")
    async with AsyncExitStack() as stack:
        for _ in range(runtime.pool.get_max_size() // 2):
            await stack.enter_async_context(runtime.readers.connection())
        late = await programme.client.get(LETTER)
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        assert late.json()["type"].endswith("/busy")
        page = await programme.client.get(LETTER, headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "1")
        assert "busy</code>" in page.text
        assert await read(programme, "/reporting/v1/readyz") == 200  # whoever records does not wait for readers
    assert await read(programme, LETTER) == 200


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[threading.Event]:
    """Let letters be assembled for as long as the test wants; the event tells them to end."""
    go_on = threading.Event()
    assemble = Assembly.letter

    def long(self: Assembly, *args: object) -> Letter:
        assert go_on.wait(30)
        return assemble(self, *args)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Assembly, "letter", long)
    yield go_on
    go_on.set()


async def test_the_process_answers_while_a_letter_is_made(programme: Running, held: threading.Event) -> None:
    making = asyncio.create_task(read(programme, LETTER))
    pool = programme.runtime("reporting").pool
    for _ in range(20):
        assert await read(programme, "/reporting/v1/livez") == 200
    assert not making.done()
    async with AsyncExitStack() as stack:  # and what it was read with was given back
        for _ in range(pool.get_max_size()):
            await stack.enter_async_context(pool.acquire(timeout=5))
    held.set()
    assert await making == 200


async def test_letters_that_wait_to_be_made_are_bounded(
    programme: Running, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "JOBS_WAITING", 3)
    making = [asyncio.create_task(read(programme, LETTER)) for _ in range(6)]
    coming = asyncio.as_completed(making)
    assert [await next(coming) for _ in range(3)] == [503, 503, 503]
    held.set()
    assert sorted(await asyncio.gather(*making)) == [200, 200, 200, 503, 503, 503]
