"""The how-to pages run literally, line by line, after the lines that the demo prints."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import welcome
from tests.system.conftest import Demo

PAGES = Path("docs/howto")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the demo prints anew at each start stands in the environment already.
PRINTED = re.compile(r"^export REGESTA_.*\n", re.MULTILINE)
FOR_TMP = re.compile(r"(?<= )/tmp/")
REFUSAL = re.compile(r'"type":"https://regesta\.example/problems/([a-z-]+)"')


def lines_of(page: str) -> str:
    """Return all shell lines of a page, in its order."""
    return "".join(BLOCK.findall((PAGES / f"{page}.md").read_text("utf-8")))


def run(demo: Demo, lines: str) -> str:
    """Run shell lines as somebody who copies them; return what they printed. Files for /tmp go to the demo's folder."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "REGESTA_URL": demo.url,
        "REGESTA_TOKEN": demo.token,
        "HOME": os.environ.get("HOME", "/"),
    }
    script = "set -eo pipefail\n" + FOR_TMP.sub(f"{demo.folder}/", PRINTED.sub("", lines))
    done = subprocess.run(
        ["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tried(demo: Demo) -> Demo:
    """Give a demo whose own lines were run."""
    for one in welcome.TRIES:
        assert run(demo, welcome.curl(one)).endswith(f"{one.mark}\n")
    return demo


def test_record_by_http(tried: Demo) -> None:
    printed = run(tried, lines_of("record-by-http"))
    assert REFUSAL.findall(printed) == ["stale-version", "exceeds-commitment", "payment-differs"]
    shown = JSON.findall((PAGES / "record-by-http.md").read_text("utf-8"))
    assert json.loads(shown[-1]) == json.loads(printed.splitlines()[-1])
    paid = next(line for line in printed.splitlines() if '"stream":"commitment/' in line and '"version":2,' in line)
    assert len(json.loads(paid)["events"]) == 3  # as the page says: the payment, its charge, its part of the convention


def test_ledger(tried: Demo) -> None:
    printed = run(tried, lines_of("ledger"))
    answers = [json.loads(line) for line in printed.splitlines() if line.startswith('{"cut"')]
    alone, cumulative, years = (answer["rows"] for answer in answers[:3])
    shown = ("carried_over", "committed", "liquidated", "outstanding")
    assert [alone[0]["sums"][name] for name in shown] == [50_000_000, 0, 10_000_000, 40_000_000]
    assert [cumulative[0]["sums"][name] for name in shown] == [0, 70_000_000, 30_000_000, 40_000_000]
    assert [row["sums"]["outstanding"] for row in years] == [70_000_000, 50_000_000, 40_000_000]
    assert [each["decommit_due"] for each in answers[-1]["commitments"] if each["line"].startswith("example.")] == [
        2028
    ]


def test_replay(tried: Demo) -> None:
    printed = run(tried, lines_of("replay"))
    assert "amount-committed.v1" in printed
    assert "<html" in (tried.folder / "letter.html").read_text("utf-8")


def test_freeze(tried: Demo) -> None:
    printed = run(tried, lines_of("freeze"))
    bytes_kept = (tried.folder / "letter.json").read_bytes()
    hashed = hashlib.sha256(bytes_kept).hexdigest()
    assert f"model 1, SHA-256 {hashed}." in printed
    assert f"{hashed}  {tried.folder}/letter.json" in printed
    assert "letter-frozen.v1" in printed
    steps = json.loads(printed[printed.index('{"steps":') :])["steps"]
    assert [step["step"] for step in steps] == ["frozen", "validated", "approved", "submitted", "corrected"]
    assert {step["hash"] for step in steps} == {hashed}


def test_watch(tried: Demo) -> None:
    printed = run(tried, lines_of("watch"))
    assert printed.startswith('{"status":"ok","reasons":[]}')
    assert "reaction:first-advance:budget" in printed


def test_import(tried: Demo) -> None:
    before = tried.heads()
    assert "commands are recorded" in run(tried, lines_of("import"))
    assert tried.heads() == before  # the demo's sample, again
    assert set(json.loads((tried.folder / "report.json").read_bytes())["recorded"].values()) == {0}


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_that_uses_the_command_says_where_it_is(page: Path) -> None:
    lines = lines_of(page.stem)
    used = re.search(r"^regesta ", lines, re.MULTILINE)
    assert used is None or 'export PATH="$PWD/.venv/bin:$PATH"' in lines[: used.start()]


def test_evidence(tried: Demo) -> None:
    page = "evidence"
    printed = run(tried, lines_of(page))
    assert REFUSAL.findall(printed) == ["evidence-missing"]
    refused = next(json.loads(line) for line in printed.splitlines() if "evidence-missing" in line)
    assert refused["missing"] == json.loads(JSON.findall((PAGES / f"{page}.md").read_text("utf-8"))[0])
    assert "evidence-checked" in printed


def test_agenda(tried: Demo) -> None:
    printed = run(tried, lines_of("agenda"))
    assert REFUSAL.findall(printed) == ["round-missing"]
    assert printed.count("regulation-advanced") == 2
