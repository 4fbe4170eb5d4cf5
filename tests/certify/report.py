"""A certificate as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from tests.certify.findings import MEANINGS, Fault
from tests.certify.run import Certificate


def as_json(certificate: Certificate, seed: str) -> str:
    """Return the whole result as a JSON document."""
    evidence, findings = certificate.evidence, certificate.evidence.findings
    document = {
        "certified": findings.clean,
        "seed": seed,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "seconds": {phase: round(seconds, 1) for phase, seconds in certificate.seconds.items()},
        "events": certificate.events,
        "events_per_second": round(certificate.events_per_second, 1),
        "streams": certificate.streams,
        "commands": len(evidence.commands),
        "keys": len(evidence.keys),
        "answers": {str(outcome): count for outcome, count in sorted(evidence.outcomes.items())},
        "without_answer": evidence.silent,
        "plain_sent_again": {str(outcome): count for outcome, count in sorted(evidence.retried.items())},
        "writer_processes_killed": certificate.kills,
        "server_stopped": certificate.stops,
        "given": certificate.given,
        "faults": {str(fault): findings.counts[fault] for fault in Fault},
        "examples": {str(fault): examples for fault, examples in findings.examples.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def show(certificate: Certificate, console: Console) -> None:
    """Print what was done and what was found, 80 columns wide."""
    evidence, findings = certificate.evidence, certificate.evidence.findings
    answers = ", ".join(f"{count:,} {outcome}" for outcome, count in evidence.outcomes.most_common())
    again = ", ".join(f"{count:,} {outcome}" for outcome, count in evidence.retried.most_common())
    console.print(
        f"{certificate.events:,} events of {certificate.streams:,} streams, {certificate.events_per_second:,.0f} a second under load"
    )
    console.print(f"{len(evidence.commands):,} units, {len(evidence.keys):,} keys; answers: {answers}")
    console.print(
        f"{certificate.kills} times a process of writers killed, {certificate.stops} immediate stops of PostgreSQL"
    )
    console.print(
        f"{evidence.silent:,} sends without an answer; units that must be stored, sent again or twice at once: {again}"
    )
    given = ", ".join(f"{name} {count:,}" for name, count in certificate.given.items())
    console.print(f"Events given to readers: {given}")
    table = Table("fault", "found", "meaning")
    table.columns[1].justify = "right"
    for fault, meaning in MEANINGS.items():
        table.add_row(fault, f"{findings.counts[fault]:,}", meaning)
    console.print(table)
    for fault, examples in findings.examples.items():
        for example in examples:
            console.print(f"{fault}: {example}", markup=False, highlight=False)
