"""The certificate in its short form: the same run as `make certify`, about a minute long."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
from pathlib import Path

from tests.certify.findings import Fault
from tests.certify.journal import Outcome
from tests.certify.readers import READERS
from tests.certify.report import as_json
from tests.certify.run import ROUNDS, Length, certify

SHORT = Length(load_seconds=8, round_seconds=1)


def test_the_log_is_certified(short_folder: Path) -> None:
    seed = secrets.token_hex(4)
    folder = short_folder / "certify"
    folder.mkdir()
    certificate = asyncio.run(certify(folder, seed, SHORT, lambda _what, _done, _total: None))
    gc.collect()  # while the test's filter of warnings holds

    evidence = certificate.evidence
    assert evidence.findings.clean, (seed, evidence.findings.counts, evidence.findings.examples)
    # It was a test at all: every kind of answer was given, everybody was given every event, every fault was made.
    assert {Outcome.OK, Outcome.SAME, Outcome.KEY, Outcome.CONFLICT, Outcome.REFUSED} <= evidence.outcomes.keys()
    assert certificate.given == dict.fromkeys(READERS, certificate.events)
    assert certificate.loaded_events < certificate.events
    assert certificate.stops == ROUNDS <= certificate.kills
    assert evidence.retried[Outcome.OK] > 0
    assert json.loads(as_json(certificate, seed))["faults"] == dict.fromkeys(Fault, 0)
