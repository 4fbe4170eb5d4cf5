"""What a request is before it is routed: HEAD asks as GET does, and a slash inside a value does not part it in two."""

from __future__ import annotations

from functools import partial

import httpx2
import pytest

from tests.regesta.serving import Served, client, until

READS = [
    "/livez",
    "/readyz",
    "/levels/a",
    "/events/head",
    "/events/seal",
    "/events",
    "/projections",
    "/streams/jar/a",
    "/openapi.json",
]


@pytest.mark.parametrize("path", READS)
async def test_head_answers_as_get_does_but_for_the_body(jars_service: Served, path: str) -> None:
    async with client(jars_service) as user:
        await user.put("/jars/a/fills/r", json={"amount": 1})
        await user.get("/levels/a", params={"at_least": "jars:2"})
        await until(partial(nothing_lags, user))
        got = await user.get(path)
        head = await user.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert got.content
        assert _told(dict(head.headers)) == _told(dict(got.headers))
        assert (await user.get(path)).content == got.content  # the connection goes on with the next answer


async def nothing_lags(user: httpx2.AsyncClient) -> bool:
    return not any(each["lag"] for each in (await user.get("/projections")).json())


def _told(headers: dict[str, str]) -> dict[str, str]:
    """Return what headers say of the answer, without when it was made."""
    return {name: value for name, value in headers.items() if name != "date"}


async def test_head_of_a_stream_has_its_version(jars_service: Served) -> None:
    async with client(jars_service) as user:
        await user.put("/jars/a/fills/r", json={"amount": 1})
        assert (await user.head("/streams/jar/a")).headers["etag"] == '"1"'


async def test_head_is_refused_as_get_is(jars_service: Served) -> None:
    async with client(jars_service, Authorization="") as anyone:
        assert (await anyone.head("/levels/a")).status_code == 401
    async with client(jars_service) as user:
        assert (await user.head("/streams/jar/none")).status_code == 404
        assert (await user.head("/levels/a?of=b")).status_code == 400


async def test_where_nothing_is_read_head_is_not_allowed(jars_service: Served) -> None:
    async with client(jars_service) as user:
        head = await user.head("/jars/a/pours")
        assert (head.status_code, head.headers["allow"]) == (405, "POST")
        assert (await user.post("/levels/a")).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024%2F117", "2024/117"), ("2024%2f117", "2024/117"), ("%2F", "/"), ("a%252Fb", "a%2Fb"), ("100%25", "100%"),
        ("%2525", "%25"), ("%2E%2E%2F", "../"), ("d%C3%A9p%C3%B4t%2F1", "dépôt/1"), ("a+b%20c", "a+b c"),
    ],
)  # fmt: skip
async def test_a_value_in_a_path_is_what_the_client_encoded(jars_service: Served, written: str, meant: str) -> None:
    async with client(jars_service) as user:
        filled = await user.put(httpx2.URL(f"{jars_service.url}/jars/{written}/fills/{written}"), json={"amount": 7})
        assert (filled.status_code, filled.json()["stream"]) == (201, f"jar/{meant}")
        at_least = filled.json()["token"]
        assert (await user.get(f"/levels/{written}?at_least={at_least}")).json()["amount"] == 7
        (event,) = (await user.get(f"/streams/jar/{written}")).json()["events"]
        assert event["data"] == {"ref": meant, "amount": 7}
