"""The key of an embedded installation, and the tokens it signs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER = "regesta-embedded"
AUDIENCE = "regesta"
SERVICES = ("objectives", "kpi", "budget", "reporting")
ALL_SCOPES = (
    *(f"{service}:{right}" for service in SERVICES for right in ("read", "write")),
    "budget:credits",
    "events:read",
    "import:write",
)
ALL_ROLES = ("administrator", "cabinet", "connector", "controller", "director", "inspector", "operator")


class Issuer:
    """Signs tokens with a key of its own, kept in a folder; `jwks` is the file with the public part."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.jwks = folder / "jwks.json"
        private = folder / "key.json"
        if not private.exists():
            key = ECKey.generate_key("P-256", auto_kid=True)
            write_private(private, json.dumps(key.as_dict(private=True)))
        self._key = ECKey.import_key(json.loads(private.read_text()))
        write_private(self.jwks, json.dumps(KeySet([self._key]).as_dict(private=False)))

    def token(
        self, subject: str, scopes: Iterable[str], *, roles: Iterable[str] = (), units: Iterable[str] = (), hours: float
    ) -> str:
        """Return a token for a subject that expires after some hours."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": int(time.time()),
            "exp": int(time.time() + hours * 3600),
            "scope": " ".join(scopes),
            "roles": list(roles),
            "units": list(units),
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def everything(self, hours: float) -> str:
        """Return a token that may do everything, for the operator of the machine."""
        return self.token("operator", ALL_SCOPES, roles=ALL_ROLES, units=["*"], hours=hours)

    def service_token(self, service: str, hours: float) -> Path:
        """Return the file of a token with which a service reads the feeds of the others."""
        path = self._folder / f"{service}.token"
        write_private(path, self.token(f"service:{service}", ["events:read"], hours=hours))
        return path


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
