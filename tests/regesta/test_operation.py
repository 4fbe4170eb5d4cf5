"""An operator sees over HTTP what stands still and mends it; readers are told what is missing meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import httpx2
import pytest

from regesta import rebuilder as rebuilding
from regesta.strict import BODY_BYTES
from tests.conftest import FreshDatabase
from tests.regesta.jars import SERVICE
from tests.regesta.levels import POISONED, STUCK
from tests.regesta.serving import Issuer, Served, client, served, settings_of, until

STREAM = quote("jar/a", safe="")
PARKED = f"/projections/levels/parked/{STREAM}"


@pytest.fixture
async def poisoned(reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
    """Serve jars with a read model that cannot fold a fill of 13."""
    settings = settings_of(await reused_database("jars"), issuer)
    async with served(replace(SERVICE, projections=(POISONED,)), settings, issuer) as running:
        yield running


@pytest.fixture
async def stuck(reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
    """Serve jars with a read model and a reaction that cannot take in a fill of 13."""
    service = replace(SERVICE, projections=(POISONED,), reactions=(STUCK,))
    async with served(service, settings_of(await reused_database("jars"), issuer), issuer) as running:
        yield running


def operator(service: Served) -> httpx2.AsyncClient:
    return client(service, Authorization=f"Bearer {service.issuer.token(roles=['operator'])}")


async def filled(user: httpx2.AsyncClient, jar: str, ref: str, amount: int) -> str:
    answer = await user.put(f"/jars/{jar}/fills/{ref}", json={"amount": amount})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


async def test_a_parked_stream_is_shown_named_and_mended(poisoned: Served) -> None:
    async with operator(poisoned) as user:
        before = await filled(user, "a", "first", 5)
        poison = await filled(user, "a", "poison", 13)
        after = await filled(user, "b", "other", 7)
        later = await filled(user, "a", "later", 1)

        level = (await user.get(f"/levels/a?at_least={later}")).json()
        assert (level["amount"], level["complete"], level["missing"]) == (5, False, ["jars/jar/a"])
        for cut, complete in ((before, True), (poison, False), (after, False)):
            level = (await user.get(f"/levels/a?cut={cut}")).json()
            assert (level["amount"], level["complete"]) == (5, complete), cut
        ready = await user.get("/readyz")
        (reason,) = ready.json()["reasons"]
        assert (ready.status_code, ready.json()["status"], reason["name"]) == (200, "degraded", "parked")
        assert reason["detail"] == "levels: 1 parked stream, see `regesta park list jars`"
        lag = {each["projection"]: each for each in (await user.get("/projections")).json()}
        assert (lag["levels"]["lag"], lag["levels"]["parked"], lag["levels"]["failure"]) == (0, 1, "1 parked")

        (listed,) = (await user.get("/projections/parked?projection=levels")).json()
        assert (listed["stream"], listed["event"], listed["attempts"]) == ("jar/a", poison, 1)
        shown = (await user.get(PARKED)).json()
        assert shown == listed | {"waiting": 2}
        again = (await user.post(f"{PARKED}/retry")).json()
        assert (again["folded"], again["parked"]["attempts"]) == (0, 2)
        assert (await user.post(f"{PARKED}/drop", json={})).json()["type"].endswith("missing-field")
        dropped = await user.post(f"{PARKED}/drop", json={"reason": "entered twice"})
        assert dropped.json() == {"folded": 1, "parked": None}
        (out,) = (await user.get("/projections/dropped")).json()
        assert (out["event"], out["reason"], out["dropped_by"]) == (poison, "entered twice", "officer")
        level = (await user.get("/levels/a")).json()
        assert (level["amount"], level["complete"]) == (6, True)
        assert (await user.get("/readyz")).json() == {"status": "ok", "reasons": []}
        for gone in (await user.get(PARKED), await user.post(f"{PARKED}/retry")):
            assert gone.status_code == 404


async def in_pages(user: httpx2.AsyncClient, name: str, limit: int) -> list[dict[str, str]]:
    """Return a list of what is parked or dropped, read by following its links."""
    answer = await user.get(f"/projections/{name}?limit={limit}")
    rows: list[dict[str, str]] = answer.json()
    while "next" in answer.links:
        assert len(answer.json()) == limit
        assert len(rows) < 100, "the links lead in a circle"
        answer = await user.get(answer.url.join(answer.links["next"]["url"]))
        rows += answer.json()
    assert answer.json(), "the last page is empty"
    return rows


async def test_what_is_parked_and_dropped_is_listed_in_pages(stuck: Served) -> None:
    async with operator(stuck) as user:
        fills = [await filled(user, jar, "poison", 13) for jar in "edcba"]

        async def all_parked() -> bool:
            return len((await user.get("/projections/parked")).json()) == 10

        await until(all_parked)
        wanted = [(name, fill) for name in ("levels", "reaction:stick-full:jars") for fill in fills]
        for limit in (1, 3, 5, 9):
            parked = await in_pages(user, "parked", limit)
            assert [(each["projection"], each["event"]) for each in parked] == wanted
        for each in await in_pages(user, "parked", 10):
            path = f"/projections/{each['projection']}/parked/{quote(each['stream'], safe='')}/drop"
            assert (await user.post(path, json={"reason": "entered twice"})).status_code == 200
        dropped = await in_pages(user, "dropped", 3)
        assert [(each["projection"], each["event"]) for each in dropped] == wanted
        wrong = await user.get("/projections/dropped?after=levels")
        assert (wrong.status_code, wrong.json()["after"]) == (400, "levels")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/projections/parked"),
        ("GET", "/projections/dropped"),
        ("GET", PARKED),
        ("POST", f"{PARKED}/retry"),
        ("POST", f"{PARKED}/drop"),
        ("POST", "/projections/rebuild"),
    ],
)
async def test_only_operators_mend(jars_service: Served, method: str, path: str) -> None:
    async with client(jars_service) as user:
        body = {"reason": "no"} if path.endswith("drop") else None
        assert (await user.request(method, path, json=body)).status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{PARKED}/retry", None),
        (f"{PARKED}/drop", {"reason": "no"}),
        ("/projections/rebuild?accept=true", None),
        ("/log/recover?accept_loss=true", None),
        ("/replicas/shelves/adopt", {"position": 0, "log": "0193a0de-0000-7000-8000-000000000000"}),
    ],
)
async def test_an_operator_who_may_only_read_changes_nothing(
    jars_service: Served, path: str, body: dict[str, object] | None
) -> None:
    token = jars_service.issuer.token("jars:read", roles=["operator", "administrator"])
    async with client(jars_service, Authorization=f"Bearer {token}") as user:
        refused = await user.post(path, json=body)
        assert (refused.status_code, refused.json()["scope"]) == (403, "jars:write")
        assert (await user.get("/projections/parked")).status_code == 200
        assert (await user.get("/projections/rebuilds")).json() == []


@pytest.mark.parametrize("path", ["/replicas/shelves/adopt", "/projections/levels/parked/jar%2Fa/drop"])
@pytest.mark.parametrize("content", [b"{", b"{}" + b" " * BODY_BYTES])
async def test_a_stranger_is_told_nothing_of_his_body(jars_service: Served, path: str, content: bytes) -> None:
    async with httpx2.AsyncClient(base_url=jars_service.url) as anyone:
        assert (await anyone.post(path, content=content)).status_code == 401


async def test_a_rebuild_is_asked_for_and_followed(jars_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "POLL_SECONDS", 0.05)
    async with operator(jars_service) as user:
        *_, token = [await filled(user, "a", str(ref), 2) for ref in range(5)]
        assert (await user.get(f"/levels/a?at_least={token}")).json()["amount"] == 10
        asked = await user.post("/projections/rebuild?projection=levels")
        assert (asked.status_code, asked.headers["location"]) == (202, "/jars/v1/projections/rebuilds")
        assert asked.json()[0]["asked_by"] == "officer"

        async def done() -> bool:
            (rebuild,) = (await user.get("/projections/rebuilds")).json()
            assert (rebuild["number"], rebuild["differences"]) == (asked.json()[0]["number"], [])
            return bool(rebuild["state"] == "done")

        await until(done)
        token = await filled(user, "a", "more", 2)
        assert (await user.get(f"/levels/a?at_least={token}")).json()["amount"] == 12
        assert (await user.post("/projections/rebuild?projection=bottles")).status_code == 404
