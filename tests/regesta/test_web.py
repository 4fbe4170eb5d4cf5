"""Every bad request gets its own problem with the offending value, and changes nothing; good ones are acknowledged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, TypedDict

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, Request
from pydantic import Field, ValidationError

from regesta.caller import reads_page
from regesta.command import Rule
from regesta.problem import MEDIA_TYPE, TYPE_BASE
from regesta.runtime import CommandRoute
from regesta.strict import BODY_BYTES
from regesta.web import request_hash
from tests.conftest import Templates
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, migrated, served, settings_of

faulty = APIRouter()


@faulty.get("/faulty")
async def get_faulty() -> str:
    """Read a row of ours that is not as we thought."""
    return str(jars.LevelOut.model_validate({"jar": "a"}))


class Praise(jars.Label):
    """Another command with the same fields as Label."""

    name = "praise"


class Date(jars.Label):
    """One that has a number in its path."""

    name = "date"

    year: Annotated[int, Field(strict=True, ge=1900, le=2199)]


pytestmark = pytest.mark.asyncio(loop_scope="module")


class Ask(TypedDict, total=False):
    """A request that differs from a good one: PUT /jars/a/fills/r with an amount."""

    method: str
    path: str
    content: bytes
    headers: dict[str, str]
    token: str | None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Serve jars for this module; its tests may not rely on an empty log."""
    issuer = Issuer(tmp_path_factory.mktemp("issuer"))
    database = await migrated(await templates.copy("jars"))
    service = replace(
        jars.SERVICE,
        routers=(*jars.SERVICE.routers, faulty),
        rules=(*jars.SERVICE.rules, Rule(Praise, jars.label), Rule(Date, jars.label)),
        routes=(
            *jars.SERVICE.routes,
            CommandRoute("POST", "/jars/{jar}/praises", Praise),
            CommandRoute("PUT", "/jars/{jar}/years/{year}", Date),
        ),
    )
    async with served(service, settings_of(database, issuer), issuer) as running:
        yield running
    await templates.drop(database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def user(service: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(service) as http:
        yield http


async def ask(user: httpx2.AsyncClient, request: Ask) -> httpx2.Response:
    headers = {"Content-Type": "application/json", **request.get("headers", {})}
    method, path = request.get("method", "PUT"), request.get("path", "/jars/a/fills/r")
    return await user.request(method, path, content=request.get("content", b'{"amount": 1}'), headers=headers)


async def refused(service: Served, user: httpx2.AsyncClient, request: Ask) -> dict[str, object]:
    """Send a request that must be refused and change nothing; return its problem."""
    before = await service.runtime.store.head("jars")
    answer = await ask(user, request)
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["title_fr"]
    assert problem["title_nl"]
    assert await service.runtime.store.head("jars") == before
    return problem


BAD: dict[str, tuple[Ask, int, str, str]] = {
    "malformed": ({"content": b'{"amount": '}, 400, "malformed-json", "JSON"),
    "empty": ({"content": b""}, 422, "missing-field", "required"),
    "NaN": ({"content": b'{"amount": NaN}'}, 400, "malformed-json", "NaN"),
    "infinite": ({"content": b'{"amount": 1e999}'}, 400, "number-too-large", "1e999"),
    "beyond 64 bits": ({"content": b'{"amount": 9223372036854775808}'}, 400, "number-too-large", "9223372036854775808"),
    "5,000 digits": ({"content": b'{"amount": ' + b"7" * 5_000 + b"}"}, 400, "number-too-large", "64 bits"),
    "duplicate member": ({"content": b'{"amount": 1, "amount": 2}'}, 400, "duplicate-member", "'amount' comes twice"),
    "unknown field": ({"content": b'{"amount": 1, "colour": "red"}'}, 422, "unknown-field", "/colour"),
    "field of the path in the body": ({"content": b'{"amount": 1, "ref": "r"}'}, 422, "unknown-field", '/ref: Extra inputs are not permitted (got "r")'),
    "number for a body": ({"content": b"1"}, 422, "wrong-type", "(got 1)"),
    "nothing for a body": ({"content": b"null"}, 422, "missing-field", "required"),
    "missing field": ({"content": b"{}"}, 422, "missing-field", "/amount"),
    "wrong type": ({"content": b'{"amount": "lots"}'}, 422, "wrong-type", '(got "lots")'),
    "boolean for a number": ({"content": b'{"amount": true}'}, 422, "wrong-type", "(got true)"),
    "negative": ({"content": b'{"amount": -5}'}, 422, "out-of-range", "-5"),
    "array": ({"content": b"[1]"}, 422, "wrong-type", "(got [1])"),
    "real number": ({"content": b'{"amount": 10.5}'}, 422, "wrong-type", "(got 10.5)"),
    "object for a text": ({"content": b'{"amount": 1, "shelf": {"a": "b"}}'}, 422, "wrong-type", '(got {"a": "b"})'),
    "none of the values": ({"content": b'{"amount": 1, "metal": "tin"}'}, 422, "unknown-value", '(got "tin")'),
    "NUL in text": ({"content": b'{"amount": 1, "shelf": "a\\u0000"}'}, 400, "nul-character", "NUL"),
    "NUL in the path": ({"path": "/jars/a%00b/fills/r"}, 400, "nul-character", "NUL"),
    "NUL in the query": ({"path": "/jars/a/fills/r?at_least=%00"}, 400, "nul-character", "NUL"),
    "lone surrogate": ({"content": b'{"amount": 1, "shelf": "\\ud800"}'}, 400, "malformed-json", "/shelf: a lone surrogate"),
    "no UTF-8": ({"content": b'{"amount": 1, "shelf": "\xff"}'}, 400, "malformed-json", "UTF-8"),
    "path that is no UTF-8": ({"path": "/jars/a/fills/r%fe"}, 400, "malformed", "UTF-8"),
    "unknown parameter": ({"path": "/jars/a/fills/r?at_last=jars:1"}, 400, "unknown-parameter", "'at_last'"),
    "repeated parameter": ({"path": "/jars/a/fills/r?at_least=jars:1&at_least=jars:2"}, 400, "repeated-parameter", "jars:2"),
    "nested": ({"content": b"[" * 100_000}, 400, "malformed-json", "nested"),
    "large": ({"content": b'{"amount": 1}' + b" " * BODY_BYTES}, 413, "too-large", str(BODY_BYTES)),
    "content type": ({"headers": {"Content-Type": "text/plain"}}, 415, "unsupported-media", "text/plain"),
    "form": (
        {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "content": b"amount=1"},
        415, "unsupported-media", "application/x-www-form-urlencoded",
    ),
    "If-Match": ({"headers": {"If-Match": "3"}}, 400, "malformed", "'3'"),
    "weak If-Match": ({"headers": {"If-Match": 'W/"3"'}}, 400, "malformed", 'W/"3"'),
    "stale If-Match": ({"headers": {"If-Match": '"77"'}}, 412, "stale-version", "77"),
    "If-Match of what is not there": ({"path": "/jars/none/fills/r", "headers": {"If-Match": "*"}}, 412, "stale-version", "not exist"),
    "If-None-Match": ({"headers": {"If-None-Match": '"3"'}}, 400, "malformed", '"3"'),
    "two preconditions": ({"headers": {"If-None-Match": "*", "If-Match": '"3"'}}, 400, "malformed", "not both"),
    "at_least": ({"path": "/jars/a/fills/r?at_least=yesterday"}, 400, "malformed", "'yesterday'"),
    "at_least of another log": ({"path": "/jars/a/fills/r?at_least=kpi:3"}, 400, "malformed", "'kpi'"),
    "no key": ({"method": "POST", "path": "/jars/a/labels", "content": b'{"label": "x"}'}, 400, "malformed", "Idempotency-Key"),
    "long key": ({"headers": {"Idempotency-Key": "k" * 501}}, 422, "out-of-range", "kkk"),
    "rule": ({"content": b'{"amount": 1001}'}, 409, "jar-overflows", "1001"),
    "withdrawal of no step": (
        {
            "method": "POST", "path": "/jars/a/unlabel", "content": b'{"event": "jars:99999", "reason": "x"}',
            "headers": {"Idempotency-Key": "none"}, "token": "keeper",
        },
        409, "not-withdrawable", "'jars:99999'",
    ),
    "no route": ({"path": "/nowhere"}, 404, "not-found", "'/jars/v1/nowhere'"),
    "empty value": ({"path": "/jars//fills/r"}, 404, "not-found", "'/jars/v1/jars//fills/r'"),
    "slash": ({"path": "/jars/a/b/fills/r"}, 404, "not-found", "'/jars/v1/jars/a/b/fills/r'"),
    "encoded slash between values": ({"path": "/jars/a%2Ffills/r"}, 404, "not-found", "'/jars/v1/jars/a%2Ffills/r'"),
    "percent sign": ({"path": "/jars/a/fills/100%"}, 400, "malformed", "'%'"),
    "percent sign before letters": ({"path": "/jars/a/fills/r?at_least=%zz"}, 400, "malformed", "'%zz'"),
    "NUL in a path": ({"path": "/jars/a/fills/r%00"}, 400, "nul-character", "NUL"),
    "long value": ({"path": f"/jars/a/fills/{'r' * 10_000}"}, 422, "out-of-range", "rrr…"),
    "long address": ({"path": f"/{'r' * 10_000}"}, 404, "not-found", "rrr…"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_gets_its_problem(service: Served, user: httpx2.AsyncClient, name: str) -> None:
    request, status, code, shown = BAD[name]
    if request.get("token") == "keeper":
        request = {**request, "headers": {**request["headers"], "Authorization": keeper(service)}}
    problem = await refused(service, user, request)
    assert (problem["status"], problem["type"]) == (status, TYPE_BASE + code), problem
    assert shown in str(problem["detail"]) or shown in str(problem.get("errors")), problem


def keeper(service: Served) -> str:
    return f"Bearer {service.issuer.token(roles=['keeper'])}"


async def test_an_offending_value_is_the_json_it_was(service: Served, user: httpx2.AsyncClient) -> None:
    for value in ("lots", True, 10.5, [1, None], {"a": ["b"]}, None, ""):
        problem = await refused(service, user, {"content": json.dumps({"amount": value}).encode()})
        assert isinstance(problem["errors"], list)
        assert [(each["pointer"], each["value"]) for each in problem["errors"]] == [("/amount", value)]
    long = await refused(service, user, {"content": json.dumps({"amount": ["é" * 300]}).encode()})
    assert isinstance(long["errors"], list)
    assert long["errors"][0]["value"] == '["' + "é" * 198 + "…"
    address = await refused(service, user, {"path": f"/jars/a/fills/{'r' * 81}?at_least={'x' * 501}"})
    assert isinstance(address["errors"], list)
    assert [(each["parameter"], "pointer" in each) for each in address["errors"]] == [
        ("ref", False),
        ("at_least", False),
    ]
    missing = await refused(service, user, {"content": b'{"shelf": "a"}'})
    assert missing["errors"] == [{"pointer": "/amount", "message": "Field required", "value": None}]


@pytest.mark.parametrize(
    ("year", "code"),
    [
        ("2024.0", "wrong-type"),
        ("+2024", "wrong-type"),
        ("2_024", "wrong-type"),
        ("02024", "wrong-type"),
        ("1899", "out-of-range"),
    ],
)
async def test_a_number_in_a_path_is_in_digits(service: Served, user: httpx2.AsyncClient, year: str, code: str) -> None:
    problem = await refused(service, user, {"path": f"/jars/a/years/{year}", "content": b'{"label": "x"}'})
    assert (problem["status"], problem["type"]) == (422, TYPE_BASE + code)
    assert isinstance(problem["errors"], list)
    assert [(each["parameter"], str(each["value"])) for each in problem["errors"]] == [("year", year)]
    assert (await ask(user, {"path": "/jars/a/years/2024", "content": b'{"label": "x"}'})).is_success


async def test_a_wrong_method_is_a_problem_too(service: Served, user: httpx2.AsyncClient) -> None:
    assert (await refused(service, user, {"method": "DELETE"}))["status"] == 405


async def test_a_large_body_without_length_is_refused_while_it_comes(service: Served) -> None:
    before = await service.runtime.store.head("jars")
    port = httpx2.URL(service.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"PUT /jars/v1/jars/a/fills/r HTTP/1.1\r\nHost: here\r\nAuthorization: {service.headers['Authorization']}\r\n"
    )
    writer.write(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(17):
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)  # though the body has not ended
    assert answer.startswith(b"HTTP/1.1 413")
    writer.close()
    assert await service.runtime.store.head("jars") == before


TOKENS = {
    "none": (None, "needed"),
    "no scheme": ("token", "needed"),
    "basic": ("Basic b2ZmaWNlcjpzZWNyZXQ=", "needed"),
    "garbage": ("Bearer garbage", "not accepted"),
    "three parts": ("Bearer a.b.c", "not accepted"),
    "unsigned": ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJvZmZpY2VyIn0.", "not accepted"),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_a_request_without_a_good_token_is_refused(service: Served, name: str) -> None:
    token, shown = TOKENS[name]
    async with httpx2.AsyncClient(base_url=service.url) as anyone:
        problem = await refused(service, anyone, {"headers": {"Authorization": token} if token else {}})
    assert (problem["status"], problem["type"]) == (401, TYPE_BASE + "unauthenticated")
    assert shown in str(problem["detail"])


@pytest.mark.parametrize("content", [b'{"amount": ', b" " * (BODY_BYTES + 1)])
async def test_who_calls_is_asked_before_a_body_is_read(service: Served, content: bytes) -> None:
    async with httpx2.AsyncClient(base_url=service.url) as anyone:
        problem = await refused(service, anyone, {"content": content})
    assert problem["status"] == 401


async def test_a_token_without_scope_or_role_is_refused(service: Served, user: httpx2.AsyncClient) -> None:
    reader = f"Bearer {service.issuer.token('jars:read')}"
    problem = await refused(service, user, {"headers": {"Authorization": reader}})
    assert (problem["status"], problem["scope"]) == (403, "jars:write")
    withdrawal: Ask = {
        "method": "POST",
        "path": "/jars/a/unlabel",
        "content": b'{"event": "jars:1", "reason": "x"}',
        "headers": {"Idempotency-Key": "k"},
    }
    problem = await refused(service, user, withdrawal)
    assert (problem["status"], problem["roles"]) == (403, ["keeper"])


async def test_an_acknowledgement_names_what_was_recorded(service: Served, user: httpx2.AsyncClient) -> None:
    first = await ask(user, {"path": "/jars/named/fills/r"})
    head = (await service.runtime.store.head("jars")).position
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert first.json() == {
        "events": [f"jars:{head}"], "token": f"jars:{head}", "stream": "jar/named", "version": 1, "repeated": False,
    }  # fmt: skip
    again = await ask(user, {"path": "/jars/named/fills/r"})
    assert (again.status_code, again.json()["events"]) == (200, [])
    differs = await refused(service, user, {"path": "/jars/named/fills/r", "content": b'{"amount": 2}'})
    assert (differs["status"], differs["type"], differs["recorded"]) == (409, TYPE_BASE + "differs", 1)


async def test_a_pinned_version_is_that_of_the_etag(service: Served, user: httpx2.AsyncClient) -> None:
    first = await ask(user, {"path": "/jars/pinned/fills/r"})
    second = await ask(user, {"path": "/jars/pinned/fills/s", "headers": {"If-Match": first.headers["etag"]}})
    assert second.status_code == 201
    stale = await refused(
        service, user, {"path": "/jars/pinned/fills/t", "headers": {"If-Match": first.headers["etag"]}}
    )
    assert (stale["status"], stale["version"]) == (412, 2)


async def test_a_star_asks_whether_the_stream_is_there(service: Served, user: httpx2.AsyncClient) -> None:
    new: Ask = {"path": "/jars/starred/fills/r", "headers": {"If-None-Match": "*"}}
    assert (await ask(user, new)).status_code == 201
    there = await refused(service, user, new)
    assert (there["status"], there["version"], there["if_none_match"]) == (412, 1, "*")
    changed = await ask(user, {"path": "/jars/starred/fills/s", "headers": {"If-Match": "*"}})
    assert (changed.status_code, changed.json()["version"]) == (201, 2)


async def test_a_key_repeats_the_answer_to_what_was_new(user: httpx2.AsyncClient) -> None:
    new: Ask = {"path": "/jars/once/fills/r", "headers": {"If-None-Match": "*", "Idempotency-Key": "once"}}
    first, again = await ask(user, new), await ask(user, new)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}


async def test_a_key_repeats_its_answer_and_stands_for_one_request(service: Served, user: httpx2.AsyncClient) -> None:
    post: Ask = {
        "method": "POST", "path": "/jars/keyed/labels", "content": b'{"label": "x"}', "headers": {"Idempotency-Key": "kx"},
    }  # fmt: skip
    first, again = await ask(user, post), await ask(user, post)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}
    reused = await refused(service, user, {**post, "content": b'{"label": "y"}'})
    assert (reused["status"], reused["type"], reused["key"]) == (422, TYPE_BASE + "key-reused", "kx")
    other = f"Bearer {service.issuer.token(sub='another officer')}"
    theirs = await ask(
        user, {**post, "content": b'{"label": "y"}', "headers": {"Idempotency-Key": "kx", "Authorization": other}}
    )
    assert theirs.status_code == 201


@pytest.mark.parametrize("bulk", [False, True])
async def test_a_key_stands_for_one_command_though_another_has_the_same_fields(
    user: httpx2.AsyncClient, *, bulk: bool
) -> None:
    async def send(command: str) -> dict[str, object]:
        key, label = f"same-{bulk}", {"label": "same"}
        if bulk:
            line = {"command": command, "key": key, "data": {"jar": "same"} | label}
            headers = {"Content-Type": "application/x-ndjson"}
            return dict((await user.post("/commands", content=json.dumps(line), headers=headers)).json())
        answer = await user.post(f"/jars/same/{command}s", json=label, headers={"Idempotency-Key": key})
        return {"status": answer.status_code, "problem": answer.json()}

    first, other = await send("label"), await send("praise")
    assert first["status"] in {200, 201}
    assert isinstance(other["problem"], dict)
    assert (other["status"], other["problem"]["type"]) == (422, TYPE_BASE + "key-reused")


async def test_a_key_is_the_same_in_a_bulk_as_by_itself(user: httpx2.AsyncClient) -> None:
    first = await ask(user, {"path": "/jars/both/fills/r", "headers": {"Idempotency-Key": "both"}})
    line = {"command": "fill", "key": "both", "data": {"jar": "both", "ref": "r", "amount": 1}}
    headers = {"Content-Type": "application/x-ndjson"}
    again = (await user.post("/commands", content=json.dumps(line), headers=headers)).json()
    assert again == first.json() | {"line": 1, "status": 200, "repeated": True}
    other = json.dumps(line | {"data": {"jar": "both", "ref": "r", "amount": 2}})
    problem = (await user.post("/commands", content=other, headers=headers)).json()["problem"]
    assert problem["type"] == TYPE_BASE + "key-reused"


async def test_a_key_stands_for_what_was_said_not_for_what_a_later_release_adds() -> None:
    class FillIn(jars.Fill):
        """The command of a later release, with one more field that need not be said."""

        colour: str | None = None

    said = {"jar": "a", "ref": "r", "amount": 1}
    assert request_hash("fill", FillIn.model_validate(said)) == request_hash("fill", jars.Fill.model_validate(said))
    assert request_hash("fill", FillIn.model_validate(said | {"colour": "red"})) != request_hash(
        "fill", jars.Fill.model_validate(said)
    )


async def test_a_read_can_ask_for_its_own_write(user: httpx2.AsyncClient) -> None:
    token = ""
    for n in range(5):
        token = (await ask(user, {"path": f"/jars/read/fills/r{n}"})).json()["token"]
        level = await user.get("/levels/read", params={"at_least": token})
        assert level.json()["amount"] == n + 1
        assert level.json()["complete"] is True
    past = await user.get("/levels/read", params={"cut": token.replace(token[5:], str(int(token[5:]) - 2))})
    assert past.json()["amount"] == 3


async def test_what_does_not_arrive_in_time_is_not_yet(service: Served, user: httpx2.AsyncClient) -> None:
    head = (await service.runtime.store.head("jars")).position
    loop = asyncio.get_running_loop()
    since = loop.time()
    answers = await asyncio.gather(
        user.get("/levels/a", params={"at_least": f"jars:{head + 1}"}),
        ask(user, {"path": f"/jars/a/fills/r?at_least=jars:{head + 1}"}),
    )
    assert 1.9 < loop.time() - since < 10
    for answer in answers:
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (504, TYPE_BASE + "not-yet")
        assert (problem["reached"], problem["wanted"]) == (head, head + 1)


@pytest.mark.parametrize(
    "query", ["cut=jars:1&as_of=2026-01-01", "cut=kpi:1", "cut=x", "cut=", "at_least=kpi:1", "at_least="]
)
async def test_a_read_of_what_is_no_cut_is_malformed(user: httpx2.AsyncClient, query: str) -> None:
    answer = await user.get(f"/levels/a?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, TYPE_BASE + "malformed")


async def test_a_cut_beyond_what_arrived_is_incomplete(service: Served, user: httpx2.AsyncClient) -> None:
    head = (await service.runtime.store.head("jars")).position
    level = (await user.get(f"/levels/a?cut=jars:{head + 10}")).json()
    assert (level["complete"], level["missing"]) == (False, ["jars"])


async def test_a_fault_of_ours_is_a_problem_too(
    service: Served, user: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    exploding: Ask = {
        "method": "POST", "path": "/jars/a/explode", "content": b"{}", "headers": {"Idempotency-Key": "boom"},
    }  # fmt: skip
    problem = await refused(service, user, exploding)
    assert (problem["status"], problem["type"]) == (500, TYPE_BASE + "internal")
    assert "a fault of ours" in caplog.text
    assert "a fault of ours" not in str(problem)
    assert (await ask(user, {"path": "/jars/after/fills/r"})).status_code == 201


async def test_a_model_of_ours_that_does_not_fit_is_no_fault_of_the_caller(
    user: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await user.get("/faulty")
    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert (answer.json()["type"], "amount" in answer.text) == (TYPE_BASE + "internal", False)
    (record,) = [record for record in caplog.records if record.name == "regesta.problem"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ValidationError


async def test_the_history_of_a_stream_can_be_replayed(user: httpx2.AsyncClient) -> None:
    for n in range(3):
        await ask(user, {"path": f"/jars/replay/fills/r{n}"})
    whole = (await user.get("/streams/jar/replay")).json()
    assert (whole["version"], whole["state"]["amount"], len(whole["events"])) == (3, 3, 3)
    cut = whole["events"][1]["id"]
    past = (await user.get("/streams/jar/replay", params={"cut": cut})).json()
    assert (past["version"], past["state"]["amount"]) == (2, 2)
    assert (await user.get("/streams/jar/none")).status_code == 404


@pytest.mark.parametrize("address", ["/streams/jar/a", "/levels/a"])
@pytest.mark.parametrize("query", ["as_of=9999-12-31", "as_of=2026-01-01&cut=jars:1"])
async def test_a_moment_is_one_and_ends(user: httpx2.AsyncClient, address: str, query: str) -> None:
    await ask(user, {"path": "/jars/a/fills/r"})
    wanted = query.replace("jars:", "") if "streams" in address else query
    answer = await user.get(f"{address}?{wanted}")
    assert (answer.status_code, answer.json()["type"]) == (400, TYPE_BASE + "malformed")


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("application/json, Text/HTML;q=0.1", True),
        ("text/html;q=0", False),
        ("text/html; level=1; q=0.0, application/json;q=0", False),
        ("text/html;q=2", True),
    ],
)
async def test_a_page_is_for_who_takes_html(accept: str | None, *, page: bool) -> None:
    headers = [(b"accept", accept.encode())] if accept else []
    assert reads_page(Request({"type": "http", "method": "GET", "headers": headers})) is page
    assert not reads_page(Request({"type": "http", "method": "POST", "headers": headers}))
