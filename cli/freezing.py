"""Freezing a letter, and reading one as it was frozen."""

from __future__ import annotations

import hashlib

import orjson
from rich.console import Console

from cli import views
from cli.remote import Answer, Remote, RemoteRefused


def freeze(remote: Remote, note: str, year: int, as_of: str | None) -> Answer:
    """Freeze a letter, as of the end of a day or of all that has arrived; return as what it is. Raises RemoteRefused."""
    body: dict[str, object] = {} if as_of is None else {"as_of": as_of}
    recorded = remote.ask("PUT", _path(note, year), body=body).json()["events"]
    return _shown(remote.read(_path(note, year)), note, year) | {"recorded": bool(recorded)}


def frozen_letter(remote: Remote, note: str, year: int, errors: Console) -> bytes:
    """Return the bytes of a frozen letter, and tell what is known of it. Raises RemoteRefused, also for other bytes."""
    found = remote.read(_path(note, year))
    # Canonical JSON has one form only (RFC 8785), so these are the bytes that were sent.
    letter = orjson.dumps(found["letter"], option=orjson.OPT_SORT_KEYS)
    hashed = hashlib.sha256(letter).hexdigest()
    if hashed != found["hash"]:
        raise RemoteRefused(
            {"detail": f"what came has the hash {hashed}, and not {found['hash']} of the frozen letter"}
        )
    views.frozen(_shown(found, note, year), errors)
    return letter


def _path(note: str, year: int) -> str:
    return f"/reporting/v1/letters/{note}/{year}/frozen"


def _shown(found: Answer, note: str, year: int) -> Answer:
    """Return what is said of a frozen letter, without the letter."""
    return {"note": note, "year": year} | {name: value for name, value in found.items() if name != "letter"}
