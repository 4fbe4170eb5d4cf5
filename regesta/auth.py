"""Bearer tokens: a JWT of the configured issuer becomes a Principal with scopes, roles and units."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from regesta.errors import Forbidden, Misconfigured, SourceUnreachable, Unauthenticated
from regesta.shared import Shared

ALGORITHMS = ["ES256", "RS256", "EdDSA"]
CACHED_TOKENS = 10_000
RELOAD_SECONDS = 10.0
LEEWAY_SECONDS = 30
# It becomes part of an index.
LONGEST_SUBJECT = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. subject: opaque, becomes the actor of events. units: administrative units it speaks for."""

    subject: str
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    def require(self, scope: str, roles: frozenset[str] = frozenset()) -> None:
        """Raise Forbidden unless the token has the scope, and one of the roles where some are named."""
        if scope not in self.scopes:
            raise Forbidden(f"this needs the scope {scope!r}", scope=scope)
        if roles and not roles & self.roles:
            raise Forbidden(f"this needs one of the roles {sorted(roles)}", roles=sorted(roles))


class Verifier:
    """Checks tokens against the issuer's keys. Verified tokens are kept until they expire."""

    def __init__(self, issuer: str, audience: str, jwks: str) -> None:
        self._jwks = jwks
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._keys: KeySet | None = None
        self._tried_at = -math.inf
        self._loading: Shared[KeySet] = Shared()
        self._verified: OrderedDict[str, tuple[Principal, float]] = OrderedDict()
        # Why nobody's token can be checked.
        self.trouble: str | None = None

    async def open(self) -> None:
        """Read the issuer's keys. Raises Misconfigured when they are a file that cannot be read or holds none.

        An issuer that is away stops no start: it is asked again for the next token, and `trouble` says so until then.
        """
        try:
            await self._load()
        except (SourceUnreachable, Misconfigured) as error:
            if not _is_url(self._jwks):
                raise
            logger.warning("no token can be checked: %s", error)

    async def verify(self, token: str) -> Principal:
        """Return who this token speaks for. Raises Unauthenticated with the reason."""
        known = self._verified.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        claims = await self._decode(token)
        principal = _principal(claims)
        expires = claims["exp"]
        assert isinstance(expires, int | float)  # validated by the claims registry
        self._verified[token] = (principal, expires)
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def _decode(self, token: str) -> dict[str, object]:
        keys = self._keys or await self._load()
        try:
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                if time.monotonic() - self._tried_at < RELOAD_SECONDS:
                    raise
                # The issuer may have changed its keys since.
                decoded = jwt.decode(token, await self._load(), algorithms=ALGORITHMS)
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated(f"the token is not accepted: {error}") from error
        return decoded.claims

    async def _load(self) -> KeySet:
        """Return the issuer's keys, read once for all who wait for them. Raises SourceUnreachable or Misconfigured."""
        return await self._loading.get(self._read)

    async def _read(self) -> KeySet:
        """Read the issuer's keys. One who does not answer counts as asked too: bad tokens must not wait for it each."""
        try:
            text = await _read_jwks(self._jwks)
            self._keys = _key_set(text, self._jwks)
            self.trouble = None
        except (SourceUnreachable, Misconfigured) as error:
            # With the keys that were read before the tokens that are signed by them can be checked still.
            self.trouble = None if self._keys else str(error)
            raise
        finally:
            self._tried_at = time.monotonic()
        return self._keys


def _key_set(text: str, place: str) -> KeySet:
    try:
        return KeySet.import_key_set(json.loads(text))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"REGESTA_JWKS: {place!r} holds no JSON Web Key Set: {error}") from error


async def require_keys(place: str) -> None:
    """Raise Misconfigured when the issuer's keys are a file that cannot be read or holds none. An issuer is not asked."""
    if not _is_url(place):
        _key_set(await _read_jwks(place), place)


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


async def _read_jwks(place: str) -> str:
    if not _is_url(place):
        try:
            return await asyncio.to_thread(Path(place).read_text)
        except (OSError, ValueError) as error:
            raise Misconfigured(f"REGESTA_JWKS, the issuer's keys, cannot be read: {error}") from error
    try:
        async with httpx2.AsyncClient(timeout=5) as client:
            answer = await client.get(place)
            return answer.raise_for_status().text
    except httpx2.HTTPError as error:
        raise SourceUnreachable(f"the issuer's keys cannot be fetched from {place!r}: {error}") from error


def _principal(claims: dict[str, object]) -> Principal:
    scopes = claims.get("scope", "")
    subject = claims["sub"]
    if not isinstance(scopes, str) or not isinstance(subject, str):
        raise Unauthenticated("the token's sub and scope must be strings")
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Unauthenticated(f"the token's sub must be 1 to {LONGEST_SUBJECT} printable characters")
    return Principal(subject, frozenset(scopes.split()), _names(claims, "roles"), _names(claims, "units"))


def _names(claims: dict[str, object], member: str) -> frozenset[str]:
    names = claims.get(member, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unauthenticated(f"the token's {member} must be a list of strings")
    return frozenset(names)
