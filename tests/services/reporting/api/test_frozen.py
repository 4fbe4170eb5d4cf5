"""A frozen letter is the very bytes of its cut, for ever, and is frozen once."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Final

import asyncpg
import httpx2
import pytest

from contracts.reporting import LetterFrozen
from contracts.types import NoteSlug, Year
from regesta import readers
from regesta.auth import Principal
from regesta.envelope import BARE
from regesta.event import BRUSSELS, Cut
from regesta.main import running as process
from regesta.runtime import Runtime
from regesta.web import decide
from services.reporting.api.frozen import FrozenOut
from services.reporting.app import SERVICE as REPORTING
from services.reporting.domain.errors import LetterDiffers
from services.reporting.freezing import FrozenAs, Moment, freezing, frozen_letter
from services.reporting.web import reading, telling
from tests.conftest import FreshDatabase
from tests.services.conftest import Run, Running
from tests.services.reporting.api.territorial import ADDRESS, COMMITMENT, DOSSIER, pay, problem, put, territorial
from tests.services.reporting.system import system_on

FROZEN: Final = f"{ADDRESS}/frozen"
STREAM: Final = "letter/territorial/2024"
OFFICER: Final = Principal("officer", frozenset(), frozenset(), frozenset())
AT_ONCE: Final = 10
PARK: Final = """
WITH still AS (
    UPDATE projections.checkpoints SET parked = parked + 1 WHERE source = 'budget' AND live RETURNING schema
)
INSERT INTO projections.parked (schema, stream, version, position, error)
SELECT schema, $1, 1, $2, 'as a test says' FROM still
"""
SAID: Final = re.compile(r'<div class="line">\s*<span>((?:(?!<div).)*?)</span>\s*<span>Read up to', re.DOTALL)


@pytest.fixture
async def running(run: Run) -> Running:
    return await territorial(run)


async def freeze(running: Running, body: object = None, **more: object) -> httpx2.Response:
    return await running.client.put(FROZEN, json=body, **more)  # type: ignore[arg-type]  # headers, params


async def another_payment(running: Running) -> str:
    """Record what no letter of before has, and return its token."""
    payment = {"year": 2024, "amount_cents": 7, "part": "interim"}
    return await put(running, f"/budget/v1/commitments/{COMMITMENT}/payments/P-2", payment)


async def arrived(running: Running) -> Cut:
    """Return the cut of all that is recorded, once the letter is made of it."""
    heads = {source: (await running.runtime(source).store.head(source)).position for source in REPORTING.sources}
    token = ",".join(f"{source}:{position}" for source, position in heads.items())
    shown: Cut = (await running.client.get(ADDRESS, params={"at_least": token})).json()["letter"]["cut"]
    assert shown == heads
    return shown


async def document(running: Running) -> tuple[bytes, FrozenOut]:
    """Return the bytes of the letter in the answer, and the answer."""
    answer = await running.client.get(FROZEN)
    assert answer.status_code == 200, answer.text
    beginning, end = b'{"letter":', b',"hash":"'
    assert answer.content.startswith(beginning)
    return answer.content[len(beginning) : answer.content.rindex(end)], FrozenOut.model_validate_json(answer.content)


async def kept(running: Running) -> tuple[int, int]:
    """Return how many letters are frozen, and how many documents are kept."""
    runtime = running.runtime("reporting")
    events = (await runtime.store.tails({STREAM: 0}))[STREAM]
    count = await runtime.pool.fetchval("SELECT count(*) FROM log.documents")
    assert isinstance(count, int)
    return len(events), count


async def test_a_frozen_letter_is_that_of_a_fresh_system_fed_up_to_its_cut(
    running: Running, fresh_database: FreshDatabase
) -> None:
    paid = (await pay(running))["paid"]
    began = datetime.now(UTC)
    done = await freeze(running, params={"at_least": paid})
    assert done.status_code == 201, done.text
    later = await another_payment(running)

    frozen, answer = await document(running)
    assert (answer.hash, answer.model, answer.touched) == (hashlib.sha256(frozen).hexdigest(), 1, ())
    assert (answer.event, answer.frozen_by) == (done.json()["events"][0], "operator")
    assert began <= answer.frozen_at <= datetime.now(UTC)
    assert answer.cut == answer.letter.cut == {**answer.cut, "budget": int(paid.partition(":")[2])}

    async with system_on(await fresh_database("reporting")) as fresh:
        for source, position in answer.cut.items():
            await fresh.feed(source, await running.runtime(source).store.read(source, 0, position))
        assert await fresh.document("territorial", 2024) == frozen

    now = await running.client.get(ADDRESS, params={"at_least": later})
    assert now.json()["hash"] != answer.hash
    cut = ",".join(f"{source}:{position}" for source, position in answer.cut.items())
    then = await running.client.get(ADDRESS, params={"cut": cut})
    assert then.json()["hash"] == answer.hash
    assert frozen in then.content


async def test_a_frozen_letter_is_known_by_its_hash(running: Running) -> None:
    assert problem(await running.client.get(FROZEN)) == (404, "not-frozen")
    await freeze(running)
    first = await running.client.get(FROZEN)
    assert first.headers["etag"] == f'"{first.json()["hash"]}"'
    again = await running.client.get(FROZEN, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    shown = await running.client.get(f"/reporting/v1/streams/{STREAM}")
    (event,) = shown.json()["events"]
    assert (event["type"], event["data"]["hash"]) == (LetterFrozen.name, first.json()["hash"])
    assert shown.json()["state"]["frozen"] == event["data"]


async def test_who_reads_frozen_letters_waits_for_other_readers_and_takes_no_more_room_than_there_is(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await freeze(running)).status_code == 201
    runtime, frozen = running.runtime("reporting"), await document(running)
    monkeypatch.setattr(readers, "ACQUIRE_SECONDS", 0.2)
    async with runtime.readers.connection(), runtime.readers.connection():
        assert problem(await running.client.get(FROZEN)) == (503, "busy")
    room, size = runtime.rooms.document_bytes, runtime.rooms.document_bytes.size
    room.take(size)
    full = await running.client.get(FROZEN)
    assert (problem(full), full.json()["limit"]) == ((503, "busy"), size)
    room.give_back(size)
    assert await document(running) == frozen
    assert room.free == size


async def test_a_letter_is_frozen_as_of_one_cut(running: Running) -> None:
    await pay(running)
    newest = await arrived(running)
    cut = {**newest, "budget": newest["budget"] - 1}
    first = await freeze(running, {"cut": cut}, headers={"Idempotency-Key": "once"})
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    again = await freeze(running, {"cut": cut})
    assert (again.status_code, again.json()["events"]) == (200, [])
    repeated = await freeze(running, {"cut": cut}, headers={"Idempotency-Key": "once"})
    assert (repeated.status_code, repeated.json()) == (200, {**first.json(), "repeated": True})

    otherwise = await freeze(running)
    assert problem(otherwise) == (409, "letter-differs")
    told = otherwise.json()
    assert (told["field"], told["recorded"], told["given"]) == ("cut", cut, newest)
    stale = await freeze(running, {"cut": cut}, headers={"If-None-Match": "*"})
    assert problem(stale) == (412, "stale-version")
    assert await kept(running) == (1, 1)


async def test_a_key_stands_for_what_was_asked_not_for_the_cut_that_was_found(running: Running) -> None:
    paid = (await pay(running))["paid"]
    key = {"Idempotency-Key": "now"}
    first = await freeze(running, {}, params={"at_least": paid}, headers=key)
    assert first.status_code == 201
    later = await another_payment(running)
    repeated = await freeze(running, {}, params={"at_least": later}, headers=key)
    assert (repeated.status_code, repeated.json()["events"]) == (200, first.json()["events"])
    assert problem(await freeze(running, {"as_of": "2024-01-01"}, headers=key)) == (422, "key-reused")
    cut = (await running.client.get(FROZEN)).json()["cut"]
    assert problem(await freeze(running, {"cut": {**cut, "budget": 1}}, headers=key)) == (422, "key-reused")
    opened = await put(running, "/objectives/v1/notes/other", {"title": {"fr": "Autre"}, "planned_year": 2024})
    other = await running.client.put(
        FROZEN.replace("territorial", "other"), json={}, params={"at_least": opened}, headers=key
    )
    assert problem(other) == (422, "key-reused")
    assert (await kept(running))[0] == 1


async def test_a_repeated_freeze_is_known_by_its_key_though_the_letter_cannot_be_made_any_more(
    running: Running,
) -> None:
    await pay(running)
    runtime, cut, key = running.runtime("reporting"), await arrived(running), {"Idempotency-Key": "once"}
    first = await freeze(running, {"cut": cut}, headers=key)
    assert first.status_code == 201
    await runtime.pool.execute(PARK, f"commitment/{COMMITMENT}", cut["budget"])

    assert problem(await freeze(running, {"cut": cut})) == (409, "letter-incomplete")
    repeated = await freeze(running, {"cut": cut}, headers=key)
    assert (repeated.status_code, repeated.json()) == (200, {**first.json(), "repeated": True})
    assert repeated.headers["etag"] == first.headers["etag"] == '"1"'
    assert problem(await freeze(running, headers=key)) == (422, "key-reused")
    other = {**key, **running.bearer("reporting:write")}
    assert problem(await freeze(running, {"cut": cut}, headers=other)) == (409, "letter-incomplete")


async def test_a_letter_that_was_read_before_an_adoption_and_recorded_after_it_is_touched_by_it(
    running: Running,
) -> None:
    """A later one, which names the same positions, is not: after the adoption they are other events."""
    opened = await put(running, "/objectives/v1/notes/other", {"title": {"fr": "Autre"}, "planned_year": 2024})
    await pay(running)
    runtime, cut = running.runtime("reporting"), await arrived(running)
    command = await freezing(runtime, "territorial", 2024, Moment(cut=cut))
    log, kept_to = (await runtime.store.head("budget")).log, cut["budget"] - 2
    # What the source has after it is the same here, so that all goes on as before.
    await runtime.pool.execute("SELECT log.adopt('budget', $1, $2, 'an officer')", log, kept_to)
    assert await runtime.store.wait("budget", cut["budget"] - 1, 10)
    assert (await decide(runtime, OFFICER, command, BARE)).events
    later = FROZEN.replace("territorial", "other")
    assert (await running.client.put(later, json={"cut": cut}, params={"at_least": opened})).status_code == 201

    touched = await running.client.get(FROZEN)
    (by,) = FrozenOut.model_validate_json(touched.content).touched
    assert (by.source, by.position, by.adopted_by) == ("budget", kept_to, "an officer")
    assert touched.headers["etag"] == f'"{command.hash}-touched-1"'
    before = await running.client.get(FROZEN, headers={"If-None-Match": f'"{command.hash}"'})
    assert before.status_code == 200  # who read it before has not heard of the adoption
    assert (await running.client.get(later)).json()["touched"] == []


async def test_a_frozen_letter_that_came_back_without_its_document_is_frozen_again(running: Running) -> None:
    """As after a recovery: consumers give the event back, and only backups hold documents."""
    await pay(running)
    assert (await freeze(running)).status_code == 201
    frozen, answer = await document(running)
    admin = await asyncpg.connect(running.admins["reporting"])
    await admin.execute("DELETE FROM log.documents")
    await admin.close()

    missing = await running.client.get(FROZEN)
    assert problem(missing) == (404, "letter-not-kept")
    assert (missing.json()["cut"], missing.json()["hash"]) == (answer.cut, answer.hash)
    later = {"at_least": await another_payment(running)}
    assert problem(await freeze(running, params=later)) == (409, "letter-differs")
    assert await kept(running) == (1, 0)
    again = await freeze(running, {"cut": missing.json()["cut"]})
    assert (again.status_code, again.json()["events"]) == (200, [])
    assert await document(running) == (frozen, answer)


async def told(running: Running, address: str = f"{ADDRESS}?lang=en", **params: str) -> str:
    """Return the words in which a page tells whether its letter is frozen, with the link in them."""
    url = httpx2.URL(address).copy_merge_params(params)
    answer = await running.client.get(url, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    found = SAID.search(answer.text)
    assert found is not None
    return found[1]


async def test_a_page_says_whether_its_letter_is_frozen_and_leads_to_that_state(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = (await pay(running))["paid"]
    assert await told(running, at_least=paid) == "Draft, not frozen"
    assert (await freeze(running)).status_code == 201
    _, frozen = await document(running)
    day = frozen.frozen_at.astimezone(BRUSSELS).date()
    on = f'Frozen on <time datetime="{day}">{day:%-d %B %Y}</time>'
    here = f'{on}, SHA-256 <span translate="no">{frozen.hash[:16]}…</span>'
    assert await told(running) == here
    assert await told(running, view="whole") == here

    later = await another_payment(running)
    draft = await told(running, at_least=later)
    assert draft.startswith('Draft; <a href="')
    assert draft.endswith(f'">{on}</a>')
    link = unescape(draft.partition('href="')[2].partition('"')[0])
    assert await told(running, link) == here
    assert (await told(running, link, occurred_until="2024-06-30")).startswith("Draft; <a ")
    with monkeypatch.context() as later_release:
        later_release.setattr(reading, "MODEL", frozen.model + 1)
        assert (await told(running, link)).startswith("Draft; <a ")

    log = (await running.runtime("reporting").store.head("budget")).log
    adopted = "SELECT log.adopt('budget', $1, $2, 'an officer')"
    await running.runtime("reporting").pool.execute(adopted, log, frozen.cut["budget"] - 1)
    assert await told(running, link, at_least=later) == f"Draft; {on}, facts of that state were given up since"


async def test_a_page_that_is_made_twice_asks_once_whether_its_letter_is_frozen(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(running)
    await arrived(running)
    asked = []

    async def counted(runtime: Runtime, note: NoteSlug, year: Year) -> FrozenAs | None:
        asked.append((note, year))
        return await frozen_letter(runtime, note, year)

    monkeypatch.setattr(reading, "frozen_letter", counted)
    url, headers = f"{ADDRESS}/dossiers/{DOSSIER}?lang=en", {"Accept": "text/html"}
    with_sheets = (await running.client.get(url, headers=headers)).text
    monkeypatch.setattr(telling, "BUDGET", 0)
    without = (await running.client.get(url, headers=headers)).text
    assert len(without) < len(with_sheets)
    assert asked == [("territorial", 2024)] * 2


async def test_what_cannot_be_frozen_is_refused_and_nothing_is_kept(running: Running) -> None:
    client, cut = running.client, await arrived(running)
    ahead = await freeze(running, {"cut": {**cut, "budget": 999}})
    assert problem(ahead) == (409, "letter-incomplete")
    assert (ahead.json()["missing"], ahead.json()["reached"], ahead.json()["cut"]["budget"]) == (["budget"], cut, 999)
    tomorrow = (datetime.now(BRUSSELS) + timedelta(days=1)).date().isoformat()
    unended = await freeze(running, {"as_of": tomorrow})
    assert problem(unended) == (409, "letter-incomplete")
    assert unended.json()["missing"] == ["budget", "kpi", "objectives"]

    unknown = "/reporting/v1/letters/nobody/2024/frozen"
    assert problem(await client.put(unknown)) == (404, "unknown-note")
    of_no_year = await client.put(FROZEN.replace("2024", "2031"))
    assert problem(of_no_year) == (404, "unknown-letter")
    assert (of_no_year.json()["year"], of_no_year.json()["years"]) == (2031, [2024])
    assert problem(await freeze(running, {"as_of": "2024-01-01"})) == (404, "unknown-note")

    both = await freeze(running, {"as_of": "2024-01-01", "cut": cut})
    assert problem(both) == (400, "malformed")
    without = {source: position for source, position in cut.items() if source != "kpi"}
    for body, code, pointer in (
        ({"cut": without}, "missing-field", "/cut/kpi"),
        ({"cut": {**cut, "reporting": 1}}, "unknown-field", "/cut/reporting"),
        ({"cut": {**cut, "kpi": -1}}, "out-of-range", "/cut/kpi"),
        ({"cut": {**cut, "kpi": "1"}}, "wrong-type", "/cut/kpi"),
        ({"as_of": "2024-02-30"}, "impossible-date", "/as_of"),
        ({"on": "2024-02-28"}, "unknown-field", "/on"),
    ):
        refused = await freeze(running, body)
        assert problem(refused) == (422, code), refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert problem(await freeze(running, headers=running.bearer("reporting:read"))) == (403, "forbidden")
    assert await kept(running) == (0, 0)


async def test_only_the_service_says_what_is_frozen(running: Running) -> None:
    """Who sends the command itself could name a document that nobody keeps."""
    made = {"note": "territorial", "year": 2024, "cut": {}, "adoptions": 0, "model": 1, "hash": "0" * 64}
    line = httpx2.Request("POST", "http://x", json={"command": "freeze-letter", "data": made}).content
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await running.client.post("/reporting/v1/commands", content=line, headers=headers)
    assert answer.json()["status"] == 403
    assert await kept(running) == (0, 0)


async def frozen_by(runtime: Runtime, cut: Cut) -> tuple[str, ...] | None:
    """Freeze the letter in a process; return the events recorded, None when it is frozen as of another cut."""
    command = await freezing(runtime, "territorial", 2024, Moment(cut=cut))
    try:
        return (await decide(runtime, OFFICER, command, BARE)).events
    except LetterDiffers:
        return None


async def test_two_processes_freeze_a_letter_once(running: Running) -> None:
    await pay(running)
    one, cut = running.runtime("reporting"), await arrived(running)
    async with process(REPORTING, running.settings["reporting"], worker=False) as other:
        cuts = (one, cut), (other, {**cut, "budget": cut["budget"] - 1})
        asked = [frozen_by(*each) for each in cuts for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*asked)
        same = await asyncio.gather(*(frozen_by(runtime, cut) for runtime in (one, other)))
    by_process = answers[:AT_ONCE], answers[AT_ONCE:]
    winners = [each for each in by_process if None not in each]
    assert len(winners) == 1
    assert sorted(map(len, winners[0])) == [0] * (AT_ONCE - 1) + [1]  # type: ignore[arg-type]  # it has no None
    assert {*by_process[by_process[0] is winners[0]]} == {None}
    assert len({*same}) == 1
    assert (await kept(running))[0] == 1
