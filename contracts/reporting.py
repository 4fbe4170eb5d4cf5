"""What the reporting service records: so far only the facts that every service has (regesta.event)."""

from __future__ import annotations

from regesta.event import Event

EVENTS: tuple[type[Event], ...] = ()
