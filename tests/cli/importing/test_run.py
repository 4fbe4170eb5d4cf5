import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Final

import httpx2
import pytest
from pydantic import JsonValue
from typer.testing import CliRunner

from cli.commands import app
from cli.importing import contents, lines, sending
from cli.importing.errors import FileRefused, NoteDiffers, ServerAway
from cli.importing.file import parse
from cli.importing.mapping import ids_of, open_note
from cli.importing.report import Report
from cli.importing.run import import_facts
from cli.remote import RemoteRefused
from cli.story import read_story, tell
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from tests.services.conftest import Run, Running

EXAMPLES: Final = Path(__file__).parents[3] / "examples"
SAMPLE: Final = EXAMPLES / "territorial-2023-2024.json"
STORY: Final = EXAMPLES / "contract-13th-series.ndjson"
NOTHING: Final = {"objectives": 0, "budget": 0, "kpi": 0}
SMALL: Final[dict[str, JsonValue]] = {
    "policy_note": {"title": {"fr": "Sport"}, "realised_year": 2023, "planned_year": 2024},
    "objectives": [
        {"code": "1", "level": "strategic", "title": {"fr": "Bouger"}, "status_as_printed": "en cours"},
        {"code": "1.1", "level": "operational", "parent": "1", "title": {"fr": "Courir"}, "fte": 2},
    ],
}


@pytest.fixture
async def running(run: Run) -> Running:
    return await run(OBJECTIVES, BUDGET, KPI)


def token(running: Running) -> str:
    return running.client.headers["Authorization"].removeprefix("Bearer ")


async def imported(running: Running, file: Path, note: str | None = None, entity: str | None = None) -> Report:
    return await import_facts(file, running.url, token(running), note=note, entity=entity)


def written(folder: Path, document: JsonValue, name: str = "facts.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


async def log(running: Running, service: str) -> list[dict[str, JsonValue]]:
    answer = await running.client.get(f"/{service}/v1/events", params={"limit": 5000})
    events: list[dict[str, JsonValue]] = answer.json()
    return [event for event in events if event["type"] != "day-started.v1"]


async def test_the_sample_is_recorded_whole_and_once(running: Running) -> None:
    ticks: list[tuple[int, int]] = []
    first = await import_facts(
        SAMPLE, running.url, token(running), progress=lambda done, total: ticks.append((done, total))
    )
    assert first.totals() == {"as_is": 408, "repaired": 79, "as_printed": 28, "refused": 0}
    assert ticks[-1][0] == ticks[-1][1] == 594
    recorded = {service: len(await log(running, service)) for service in NOTHING}
    assert first.recorded == recorded == {"objectives": 373, "budget": 174, "kpi": 72}
    second = await imported(running, SAMPLE)
    assert second.recorded == NOTHING
    assert second.counts() == first.counts()
    assert {service: len(await log(running, service)) for service in NOTHING} == recorded


async def test_a_reordered_file_and_another_subject_record_nothing(running: Running, tmp_path: Path) -> None:
    document = json.loads(SAMPLE.read_text("utf-8"))
    await imported(running, SAMPLE)
    document["objectives"].reverse()
    for node in document["objectives"]:
        node["dated_facts"].reverse()
    other = running.issuer.token(
        "other",
        ["objectives:write", "budget:write", "kpi:write", "import:write"],
        roles=["administrator"],
        units=["*"],
        hours=1,
    )
    report = await import_facts(written(tmp_path, document), running.url, other)
    assert report.totals()["refused"] == 0
    assert report.recorded == NOTHING


async def test_a_later_edit_by_a_human_stays(running: Running, tmp_path: Path) -> None:
    file = written(tmp_path, SMALL)
    await imported(running, file)
    objective = ids_of(parse(file.read_bytes()), "sport")["1"]
    body = {"status": "completed"}
    answer = await running.client.put(f"/objectives/v1/objectives/{objective}/status", json=body)
    assert answer.status_code == 201, answer.text
    before = await log(running, "objectives")
    assert (await imported(running, file)).recorded == NOTHING
    assert await log(running, "objectives") == before


async def test_a_known_code_keeps_its_objective(running: Running, tmp_path: Path) -> None:
    known = "0b7e9a52-0000-4000-8000-000000000001"
    note = "/objectives/v1/notes/sport"
    assert (await running.client.put(note, json={"title": {"fr": "Sport"}})).status_code == 201
    body = {"level": "strategic", "code": "1", "title": {"fr": "Remuer"}}
    assert (await running.client.put(f"{note}/objectives/{known}", json=body)).status_code == 201
    report = await imported(running, written(tmp_path, SMALL))
    refused = {item.pointer: item.reason for item in report.items if item.outcome == "refused"}
    assert [*refused] == ["/policy_note", "/objectives/0"]
    events = await log(running, "objectives")
    assert [event["subject"] for event in events if event["type"] == "status-reported.v1"] == [f"objective/{known}"]
    (child,) = [event["data"] for event in events if event["type"] == "objective-registered.v1"][1:]
    assert isinstance(child, dict)
    assert (child["code"], child["parent"]) == ("1.1", known)


async def test_two_titles_are_not_merged_under_one_slug(running: Running, tmp_path: Path) -> None:
    await imported(running, written(tmp_path, SMALL))
    other: JsonValue = {**SMALL, "policy_note": {"title": {"fr": "Culture"}}}
    before = await log(running, "objectives")
    with pytest.raises(NoteDiffers, match=r"'Sport'.*'Culture'"):
        await imported(running, written(tmp_path, other), note="sport")
    assert await log(running, "objectives") == before


async def test_two_imports_at_once_claim_each_event_once(running: Running) -> None:
    one, other = await asyncio.gather(imported(running, SAMPLE), imported(running, SAMPLE))
    recorded = {service: len(await log(running, service)) for service in NOTHING}
    assert {service: one.recorded[service] + other.recorded[service] for service in one.recorded} == recorded


async def test_nested_actions_and_two_headings_are_recorded(running: Running, tmp_path: Path) -> None:
    nodes = SMALL["objectives"]
    assert isinstance(nodes, list)
    section: dict[str, JsonValue] = {"level": "year-section", "parent": "1.1", "year": 2023, "kind": "realised"}
    more: list[JsonValue] = [
        {"code": "1.1.1", "title": {"fr": "Réalisations"}, **section},
        {"code": "1.1.3", "title": {"fr": "Suite"}, **section},
        {"code": "A", "level": "action", "parent": "B"},
        {"code": "B", "level": "action", "parent": "1.1.1"},
    ]
    report = await imported(running, written(tmp_path, {**SMALL, "objectives": [*nodes, *more]}))
    assert report.totals()["refused"] == 0
    types = Counter(str(event["type"]) for event in await log(running, "objectives"))
    assert (types["section-printed.v1"], types["objective-registered.v1"]) == (2, 4)


@pytest.mark.parametrize(("title", "status"), [("Sauter", 0), ("x" * 10_001, 1)])
async def test_the_exit_code_tells_of_a_refusal(running: Running, tmp_path: Path, title: str, status: int) -> None:
    nodes: JsonValue = [{"code": "1", "level": "strategic", "title": {"fr": title}}]
    file = written(tmp_path, {**SMALL, "about": "read by hand", "objectives": nodes})
    arguments = ["import", "facts", str(file), "--url", running.url, "--token", token(running)]
    answer = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert answer.exit_code == status, answer.output
    assert "Imported into sport" in answer.output


@pytest.mark.parametrize(
    ("option", "value"),
    [("--note", "Bad Slug"), ("--note", "a" * 81), ("--entity", "a b.c"), ("--entity", "a" * 101), ("--entity", "")],
)
def test_a_slug_that_is_none_is_wrong_use(option: str, value: str, tmp_path: Path) -> None:
    file = written(tmp_path, SMALL)
    answer = CliRunner().invoke(app, ["import", "facts", str(file), option, value, "--token", "t"])
    assert (answer.exit_code, option in answer.output) == (2, True), answer.output


@pytest.mark.parametrize("before", [None, b"the last report"])
def test_a_refused_import_leaves_the_report_as_it_was(before: bytes | None, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    if before is not None:
        report.write_bytes(before)
    file = written(tmp_path, {"objectives": 3})
    answer = CliRunner().invoke(app, ["import", "facts", str(file), "--report", str(report), "--token", "t"])
    assert isinstance(answer.exception, FileRefused)
    assert (report.read_bytes() if report.exists() else None) == before


def test_a_report_that_cannot_be_written_is_said_before_the_file_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, {"objectives": 3})
    nowhere = tmp_path / "none" / "report.json"
    answer = CliRunner().invoke(app, ["import", "facts", str(file), "--report", str(nowhere), "--token", "t"])
    assert isinstance(answer.exception, FileNotFoundError)


async def test_a_broken_file_sends_nothing(running: Running, tmp_path: Path) -> None:
    nodes: JsonValue = [{"code": "1", "level": "operational", "parent": "9"}]
    with pytest.raises(FileRefused, match="/objectives/0/parent: the parent '9' is not in the file"):
        await imported(running, written(tmp_path, {**SMALL, "objectives": nodes}))
    assert await log(running, "objectives") == []


async def test_what_a_service_refuses_is_in_the_report(running: Running, tmp_path: Path) -> None:
    await imported(running, written(tmp_path, SMALL))
    objective = ids_of(parse(json.dumps(SMALL).encode()), "sport")["1.1"]
    closing = f"/objectives/v1/notes/sport/objectives/{objective}/closing"
    assert (await running.client.put(closing, json={"reason": "stopped"})).status_code == 201
    nodes = SMALL["objectives"]
    assert isinstance(nodes, list)
    more: JsonValue = {"code": "1.1.A", "level": "action", "parent": "1.1", "fte": 1}
    report = await imported(running, written(tmp_path, {**SMALL, "objectives": [*nodes, more]}))
    refused = {item.pointer: item.reason for item in report.items if item.outcome == "refused"}
    assert [*refused] == ["/objectives/2", "/objectives/2/fte"]
    assert "closed" in str(refused["/objectives/2"])
    assert Counter(item.kind for item in report.items) == Counter(report.held)


async def test_the_entity_of_lines_can_be_named(running: Running, tmp_path: Path) -> None:
    nodes: JsonValue = [{"code": "1", "level": "strategic", "budget_lines": [{"allocation": "33.001.07.01.1111"}]}]
    await imported(running, written(tmp_path, {**SMALL, "objectives": nodes}), entity="urban")
    assert [event["subject"] for event in await log(running, "budget")][:1] == ["line/urban.33.001.07.01.1111"]


async def test_a_token_without_the_scope_is_refused_whole(running: Running, tmp_path: Path) -> None:
    weak = running.issuer.token("weak", ["objectives:write"], hours=1)
    with pytest.raises(RemoteRefused, match="import:write") as refused:
        await import_facts(written(tmp_path, SMALL), running.url, weak)
    assert refused.value.problem["status"] == 403
    assert await log(running, "objectives") == []


async def test_a_token_that_is_none_is_told_as_the_server_tells_it(running: Running, tmp_path: Path) -> None:
    asked = await running.client.post("/objectives/v1/commands", headers={"Authorization": "Bearer none"})
    with pytest.raises(RemoteRefused) as refused:
        await import_facts(written(tmp_path, SMALL), running.url, "none")
    assert refused.value.problem == asked.json()
    assert refused.value.problem["status"] == 401


async def test_an_answer_that_no_service_gives_ends_the_import() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(other, "127.0.0.1", 0) as server,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client,
    ):
        sender = sending.Sender(client, "sport", lambda _done, _total: None)
        opening = open_note(parse(json.dumps(SMALL).encode()), "sport")
        with pytest.raises(RemoteRefused, match="answers, but not as Regesta does"):
            await sender.send("objectives", [opening], None)


async def test_a_server_that_was_never_there_is_not_waited_for(tmp_path: Path) -> None:
    async with asyncio.timeout(sending.PATIENCE_SECONDS / 4):
        with pytest.raises(ServerAway, match=r"127\.0\.0\.1:9 does not answer"):
            await import_facts(written(tmp_path, SMALL), "http://127.0.0.1:9", "none")


async def test_a_server_that_goes_away_is_waited_for_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([httpx2.Response(200, json={"position": 7})])

    def handle(_request: httpx2.Request) -> httpx2.Response:
        answer = next(answers, None)
        if answer is None:
            raise httpx2.ConnectError("nobody listens")
        return answer

    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 1.0)
    async with httpx2.AsyncClient(base_url="http://regesta.test", transport=httpx2.MockTransport(handle)) as client:
        sender = sending.Sender(client, "sport", lambda _done, _total: None)
        assert await sender.head("budget") == 7
        with pytest.raises(ServerAway, match="did not answer for 1 s: ConnectError nobody listens"):
            await sender.head("budget")
    assert [record.getMessage() for record in caplog.records if record.name == sending.__name__] == [
        "waiting for the server, for 1 s at most: ConnectError nobody listens"
    ]


class Unreliable:
    """Passes requests on, but loses every other answer after the server has handled it, in the middle of its lines."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.lost = 0
        self._requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request and close the connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, *_ = head.decode().split(" ")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        headers = {name.lower(): value for name, value in fields.items() if name.lower() not in {"host", "connection"}}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        async with httpx2.AsyncClient(base_url=self._target, timeout=30) as client:
            answer = await client.request(method, path, content=body, headers=headers)
        self._requests += 1
        content = answer.content
        if method == "POST" and self._requests % 2:
            self.lost += 1
            content = content[: len(content) // 2]
        start = f"HTTP/1.1 {answer.status_code} X\r\nContent-Length: {len(answer.content)}\r\nConnection: close\r\n\r\n"
        writer.write(start.encode() + content)
        await writer.drain()
        writer.close()


async def test_lost_answers_are_asked_for_again_and_counted_once(running: Running) -> None:
    between = Unreliable(running.url)
    async with await asyncio.start_server(between, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        report = await import_facts(SAMPLE, f"http://{host}:{port}", token(running))
    assert between.lost > 3
    assert report.recorded == {"objectives": 373, "budget": 174, "kpi": 72}
    assert {service: len(await log(running, service)) for service in NOTHING} == report.recorded
    assert report.totals()["refused"] == 0


async def test_the_story_goes_on_from_the_sample(running: Running) -> None:
    await imported(running, SAMPLE)
    story = read_story(STORY)
    assert await tell(story, running.url, token(running), progress=lambda _done, _total: None) == len(story)
    types = Counter(str(event["type"]) for event in await log(running, "budget"))
    assert (types["amount-committed.v1"], types["convention-signed.v1"], types["payment-liquidated.v1"]) == (3, 3, 3)
    before = {service: len(await log(running, service)) for service in ("budget", "kpi")}
    await tell(story, running.url, token(running), progress=lambda _done, _total: None)
    assert {service: len(await log(running, service)) for service in ("budget", "kpi")} == before
    data = [event["data"] for service in NOTHING for event in await log(running, service)]
    assert [each for each in data if isinstance(each, dict) and each.get("breaches")] == []


async def test_what_is_mapped_otherwise_is_corrected_only_when_asked(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under: dict[str, JsonValue] = {
        "status_as_printed": "en cours",
        "dated_facts": [{"date": "2023", "type": "approval", "what": "Approved"}],
        "budget_lines": [{"allocation": "33.001.07.01.1111", "category": "autres"}],
    }
    file = written(tmp_path, {**SMALL, "objectives": [{"code": "1", "level": "strategic", **under}]})
    await imported(running, file)
    monkeypatch.setattr(contents, "status_of", lambda _printed: "behind")
    monkeypatch.setattr(contents, "reading_of", lambda *_said: "unclear")
    monkeypatch.setitem(lines.CATEGORIES, "autres", "assets")
    assert (await imported(running, file)).recorded == NOTHING
    corrected = await import_facts(file, running.url, token(running), remap=True)
    assert corrected.recorded == {"objectives": 3, "budget": 2, "kpi": 0}
    assert [item for item in corrected.items if item.outcome == "refused"] == []
    last = {str(event["type"]): event["data"] for service in NOTHING for event in await log(running, service)}
    status, fact, line = last["status-reported.v1"], last["fact-printed.v1"], last["line-assigned.v1"]
    assert isinstance(status, dict)
    assert isinstance(fact, dict)
    assert isinstance(line, dict)
    assert (status["status"], fact["reading"], line["category"]) == ("behind", "unclear", "assets")
    assert {"fact-withdrawn.v1", "line-unassigned.v1"} <= set(last)
    assert (await import_facts(file, running.url, token(running), remap=True)).recorded == NOTHING
    monkeypatch.setattr(contents, "reading_of", lambda *_said: "planned")
    assert (await import_facts(file, running.url, token(running), remap=True)).recorded["objectives"] == 2
