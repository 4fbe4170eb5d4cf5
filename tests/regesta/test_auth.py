"""A token is believed as long as its issuer says, and only by the issuer's own keys."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from regesta import auth
from regesta.auth import LEEWAY_SECONDS, LONGEST_SUBJECT, Principal, Verifier
from regesta.errors import Forbidden, Misconfigured, SourceUnreachable, Unauthenticated
from tests.regesta.serving import ISSUER, Issuer, publishing


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(ISSUER, "regesta", str(issuer.jwks))


async def test_a_token_says_who_asks_and_what_for(verifier: Verifier, issuer: Issuer) -> None:
    token = issuer.token("jars:read  jars:write", sub="officer-7", roles=["keeper"], units=["dru"])
    wanted = Principal("officer-7", frozenset({"jars:read", "jars:write"}), frozenset({"keeper"}), frozenset({"dru"}))
    assert await verifier.verify(token) == wanted


IN_2100 = 4_102_444_800


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, "exp"),
        ({"iss": "https://elsewhere.test"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": "s" * (LONGEST_SUBJECT + 1)}, "sub"),
        ({"sub": 7}, "sub"),
        ({"nbf": IN_2100}, "not yet valid"),
        ({"roles": "keeper"}, "roles"),
        ({"units": [1]}, "units"),
        ({"scope": ["jars:write"]}, "scope"),
    ],
)
async def test_a_token_that_says_something_wrong_is_refused(
    verifier: Verifier, issuer: Issuer, claims: dict[str, object], shown: str
) -> None:
    with pytest.raises(Unauthenticated, match=shown):
        await verifier.verify(issuer.said({"scope": "jars:write", **claims}))


async def test_a_token_of_another_issuer_is_refused(verifier: Verifier, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Issuer(tmp_path / "other", "https://elsewhere.test")
    for token in (other.token(), other.token(iss=ISSUER)):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


async def test_a_token_that_was_accepted_is_refused_once_it_expired(
    verifier: Verifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    token = issuer.token(exp=int(now) + 60)
    assert (await verifier.verify(token)).subject == "officer"
    monkeypatch.setattr("time.time", lambda: now + 60 + LEEWAY_SECONDS + 2)
    with pytest.raises(Unauthenticated, match="expired") as refused:
        await verifier.verify(token)
    assert refused.value.status == 401


async def test_new_keys_of_the_issuer_are_found(
    verifier: Verifier, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await verifier.verify(issuer.token())
    successor = Issuer(tmp_path)  # it writes its keys over those of the first
    with pytest.raises(Unauthenticated):
        await verifier.verify(successor.token())  # so soon the issuer is not asked again
    monkeypatch.setattr(auth, "RELOAD_SECONDS", 0)
    assert (await verifier.verify(successor.token())).subject == "officer"


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("no JSON", "no JSON Web Key Set"), ("{}", "no JSON Web Key Set")]
)
async def test_keys_that_are_none_are_told(tmp_path: Path, issuer: Issuer, content: str | None, said: str) -> None:
    place = tmp_path / "keys"
    if content is not None:
        place.write_text(content)
    with pytest.raises(Misconfigured, match=said):
        await Verifier(ISSUER, "regesta", str(place)).verify(issuer.token())


async def test_an_issuer_that_is_away_is_told(issuer: Issuer) -> None:
    with pytest.raises(SourceUnreachable, match="cannot be fetched"):
        await Verifier(ISSUER, "regesta", "http://127.0.0.1:9/jwks").verify(issuer.token())


async def test_who_waits_for_the_keys_waits_together(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [200]
    (tmp_path / "other").mkdir()
    other = Issuer(tmp_path / "other")
    async with publishing(issuer, answers) as address:
        verifier = Verifier(ISSUER, "regesta", address)
        found = await asyncio.gather(*(verifier.verify(issuer.token(sub=f"officer-{n}")) for n in range(20)))
        assert [each.subject for each in found] == [f"officer-{n}" for n in range(20)]
        assert answers[1:] == [200]
        monkeypatch.setattr(auth, "RELOAD_SECONDS", 0)
        refused = await asyncio.gather(*(verifier.verify(other.token()) for _ in range(20)), return_exceptions=True)
        assert {type(each) for each in refused} == {Unauthenticated}
        assert answers[1:] == [200, 200]


async def test_an_issuer_that_is_away_is_not_asked_for_each_bad_token(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [200]
    (tmp_path / "other").mkdir()
    other = Issuer(tmp_path / "other")
    async with publishing(issuer, answers) as address:
        verifier = Verifier(ISSUER, "regesta", address)
        await verifier.verify(issuer.token())
        answers[:] = [503]
        monkeypatch.setattr(auth, "RELOAD_SECONDS", 0)
        with pytest.raises(SourceUnreachable):
            await verifier.verify(other.token())
        monkeypatch.undo()
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await verifier.verify(other.token())
        assert answers[1:] == [503]
        assert (await verifier.verify(issuer.token(sub="officer-2"))).subject == "officer-2"


def test_a_scope_and_one_of_the_roles_are_needed() -> None:
    keeper = Principal("officer", frozenset({"jars:write"}), frozenset({"keeper"}))
    keeper.require("jars:write")
    keeper.require("jars:write", frozenset({"keeper", "operator"}))
    with pytest.raises(Forbidden, match="'jars:read'"):
        keeper.require("jars:read")
    with pytest.raises(Forbidden, match="operator"):
        keeper.require("jars:write", frozenset({"operator"}))
