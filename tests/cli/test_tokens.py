"""An installation signs tokens with a key of its own, which only its owner can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.tokens import ALL_ROLES, ALL_SCOPES, AUDIENCE, ISSUER, Issuer, write_private
from regesta.auth import Principal, Verifier
from regesta.errors import Unauthenticated


async def said(issuer: Issuer, token: str) -> Principal:
    """Return what a service makes of a token."""
    return await Verifier(ISSUER, AUDIENCE, str(issuer.jwks)).verify(token)


async def test_a_service_reads_what_the_issuer_wrote(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    token = issuer.token("officer", ["budget:read"], roles=["controller"], units=["dru"], hours=1)
    wanted = Principal("officer", frozenset({"budget:read"}), frozenset({"controller"}), frozenset({"dru"}))
    assert await said(issuer, token) == wanted


async def test_the_operator_of_the_machine_may_do_everything(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    operator = await said(issuer, issuer.everything(1))
    assert operator == Principal("operator", frozenset(ALL_SCOPES), frozenset(ALL_ROLES), frozenset({"*"}))


async def test_a_service_may_read_the_feeds_of_the_others_and_no_more(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    place = issuer.service_token("kpi", 1)
    assert await said(issuer, place.read_text()) == Principal("service:kpi", frozenset({"events:read"}))


async def test_a_token_ends(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    with pytest.raises(Unauthenticated, match="expired"):
        await said(issuer, issuer.token("officer", [], hours=-1))


async def test_the_key_stays_and_is_another_in_another_folder(tmp_path: Path) -> None:
    token = Issuer(tmp_path / "one").everything(1)
    assert (await said(Issuer(tmp_path / "one"), token)).subject == "operator"
    with pytest.raises(Unauthenticated):
        await said(Issuer(tmp_path / "two"), token)


def test_keys_and_tokens_are_for_the_owner_only_and_the_public_file_holds_no_secret(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path / "keys")
    issuer.service_token("kpi", 1)
    files = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "keys").iterdir()}
    assert files == {"key.json": 0o600, "jwks.json": 0o600, "kpi.token": 0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert '"d"' not in issuer.jwks.read_text()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "ready.json"
    place.write_text("of an earlier run, and longer")
    place.chmod(0o644)
    write_private(place, "new")
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [place]
