"""What docker-compose.yml needs of this machine, for `make up`: its secrets in .env, and a key that signs tokens."""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx2
from rich.console import Console

from cli import welcome
from cli.installation import SERVICE_HOURS, open_installation
from cli.tokens import ISSUER, SERVICES, Issuer, write_private
from regesta.errors import Misconfigured

ENV: Final = Path(".env")
FOLDER: Final = Path(".containers")
# Where docker-compose.yml puts the public part of the key.
JWKS: Final = "/etc/regesta/jwks.json"
# A token that is good for less than that is made anew.
RENEWED_SECONDS: Final = 60 * 24 * 3600
START_SECONDS: Final = 180.0
HEAD: Final = "# Made by `make up`, which adds what is missing and renews tokens. Without the passwords the data cannot be read.\n"


def prepare(env: Path, folder: Path) -> None:
    """Write what is missing into the file of the environment, readable by its owner only, and the public key beside.

    folder: of the key; `jwks.json` in it is for everybody, since the services are no users of this machine.
    """
    issuer = open_installation(folder)
    public = folder / "jwks.json"
    write_private(public, issuer.jwks.read_text())
    public.chmod(0o644)
    known = _read(env)
    wanted = known | {name: value for name, value in _made().items() if name not in known}
    if wanted["REGESTA_ISSUER"] == ISSUER:
        wanted |= _tokens(issuer, wanted)
    write_private(env, HEAD + "".join(f"{name}={value}\n" for name, value in wanted.items()))


def _made() -> dict[str, str]:
    """Return the variables that a first start needs. Passwords are safe in an URL as they are."""
    roles = ["POSTGRES", "GRAFANA", *(f"{service.upper()}{role}" for service in SERVICES for role in ("", "_OWNER"))]
    return {
        "COMPOSE_PROJECT_NAME": "regesta",
        "REGESTA_PORT": "8080",
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": JWKS,
        **{f"{role}_PASSWORD": secrets.token_urlsafe(24) for role in roles},
    }


def _tokens(issuer: Issuer, known: Mapping[str, str]) -> dict[str, str]:
    """Return the tokens of the services that are missing or soon expire."""
    names = {service: f"{service.upper()}_TOKEN" for service in SERVICES}
    soon = time.time() + RENEWED_SECONDS
    return {
        name: issuer.service_token(service, SERVICE_HOURS).read_text()
        for service, name in names.items()
        if name not in known or _expires_at(known[name]) < soon
    }


def _expires_at(token: str) -> float:
    """Return when a token of ours expires, as a Unix time."""
    body = token.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])


def _read(env: Path) -> dict[str, str]:
    """Return the variables of a file; none when there is no file."""
    lines = env.read_text().splitlines() if env.exists() else []
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def wait(url: str) -> None:
    """Return when all services say through the front that they are ready. Raises Misconfigured with who does not."""
    ends_at = time.monotonic() + START_SECONDS
    waiting = list(SERVICES)
    with httpx2.Client(base_url=url, timeout=5) as client:
        while waiting:
            try:
                answer = client.get(f"/{waiting[0]}/v1/readyz")
                if answer.status_code == httpx2.codes.OK:
                    waiting.pop(0)
                    continue
            except httpx2.HTTPError:
                pass
            if time.monotonic() > ends_at:
                raise Misconfigured(f"{waiting[0]} is not ready after {START_SECONDS:.0f} s; `make logs` says more")
            time.sleep(0.5)


def _show(url: str, console: Console) -> None:
    """Print where the services answer, and how a token is had: it is a secret, and this may be a log."""
    welcome.plain(
        console,
        f"Regesta serves at {url}/reporting/v1/",
        "",
        f"export REGESTA_URL={url}",
        f'export REGESTA_TOKEN="$(.venv/bin/regesta token --data-dir {FOLDER})"',
        "",
        "make logs shows what is told, make down stops; everything recorded is kept.",
    )


def main() -> None:
    """Prepare what containers need, or wait until they serve."""
    parser = argparse.ArgumentParser(prog="python -m cli.containers", description=main.__doc__)
    parser.add_argument("step", choices=["prepare", "wait"])
    if parser.parse_args().step == "prepare":
        prepare(ENV, FOLDER)
        return
    url = f"http://127.0.0.1:{_read(ENV)['REGESTA_PORT']}"
    try:
        wait(url)
    except Misconfigured as error:
        raise SystemExit(str(error)) from error
    _show(url, Console())


if __name__ == "__main__":
    main()
