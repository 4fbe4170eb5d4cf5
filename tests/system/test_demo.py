"""The demo by its own commands: the sample is in the letter, whole, and what people record comes there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli import welcome
from contracts.allocation import AllocationCode
from tests.system.conftest import Demo

SAMPLE = json.loads(Path("examples/territorial-2023-2024.json").read_text())
LETTER = welcome.letter_path()


def letter_of(demo: Demo, **params: str) -> Any:
    with demo.client() as client:
        answer = client.get(LETTER, params=params, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def each(document: Any, member: str) -> Iterator[Any]:
    """Yield the values of a member wherever it stands in a document."""
    if isinstance(document, dict):
        if member in document:
            yield document[member]
        for value in document.values():
            yield from each(value, member)
    elif isinstance(document, list):
        for value in document:
            yield from each(value, member)


def all_of(member: str) -> list[Any]:
    """Return the pieces of one kind of the sample, in the order of the file."""
    return [piece for node in SAMPLE["objectives"] for piece in node[member]]


def test_every_node_of_the_sample_is_in_the_letter(demo: Demo) -> None:
    letter = letter_of(demo)
    codes = [figure["value"] for figure in each(letter, "code") if figure["state"] == "known"]
    titles = [json.dumps(figure.get("value"), sort_keys=True) for figure in each(letter, "title")]
    assert not [node["code"] for node in SAMPLE["objectives"] if node["code"] not in codes]
    wanted = [{k: v for k, v in node["title"].items() if v} for node in SAMPLE["objectives"]]
    assert not [title for title in wanted if json.dumps(title, sort_keys=True) not in titles]


def test_every_dated_fact_is_in_the_letter_once(demo: Demo) -> None:
    facts = [fact for lists in each(letter_of(demo), "facts") for facts in lists.values() for fact in facts]
    found = Counter((fact["place"]["line"], next(iter(fact["text"].values()))) for fact in facts)
    wanted = Counter((fact["source_line"], fact["what"]) for fact in all_of("dated_facts"))
    assert found == wanted
    assert len(facts) == 209


def test_every_budget_line_is_in_the_letter_once(demo: Demo) -> None:
    letter = letter_of(demo)
    rows = [row for lines in each(letter, "lines") if isinstance(lines, list) for row in lines]
    found = Counter(row["line"].partition(".")[2] for row in rows)
    assert found == Counter(str(AllocationCode.parse(line["allocation"])[0]) for line in all_of("budget_lines"))


def test_every_threshold_is_in_the_letter_as_printed(demo: Demo) -> None:
    printed = [text for lists in each(letter_of(demo), "thresholds") for one in lists for text in _texts(one)]
    wanted = [one[colour] for one in all_of("indicators") for colour in ("red", "amber", "green") if one[colour]]
    assert Counter(text for text in printed if text in set(wanted)) == Counter(wanted)


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for value in document.values() if isinstance(document, dict) else document:
            yield from _texts(value)


def test_every_amount_is_in_the_letter(demo: Demo) -> None:
    amounts = [one for lists in each(letter_of(demo), "amounts") for one in lists]
    found = Counter((one["place"]["line"], one["amount"].get("value")) for one in amounts)
    assert found == Counter((one["source_line"], round(one["eur"] * 100)) for one in all_of("amounts_in_text"))


def test_the_page_of_the_whole_letter_holds_every_title_and_code(demo: Demo) -> None:
    page = demo.regesta("letter", welcome.NOTE, str(welcome.YEAR), "--as", "html").stdout
    assert not [node["code"] for node in SAMPLE["objectives"] if node["code"] not in page]
    assert not [line for line in all_of("budget_lines") if str(AllocationCode.parse(line["allocation"])[0]) not in page]


@pytest.mark.parametrize("one", welcome.TRIES, ids=lambda one: one.what)
def test_a_printed_curl_line_records_and_shows_it_in_the_letter(demo: Demo, one: welcome.Try) -> None:
    assert welcome.curl(one) in demo.output()
    environment = {"REGESTA_URL": demo.url, "REGESTA_TOKEN": demo.token, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/bash", "-c", welcome.curl(one)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == one.mark or done.stdout.endswith(one.mark + "\n")


def test_a_second_import_records_nothing(demo: Demo) -> None:
    before = demo.heads()
    report = json.loads(
        demo.regesta("import", "facts", "examples/territorial-2023-2024.json", "--note", welcome.NOTE, "--json").stdout
    )
    assert demo.heads() == before
    assert set(report["recorded"].values()) == {0}
    assert sum(report["totals"].values()) == report["total"]


def test_the_letter_as_of_a_cut_does_not_see_what_came_later(demo: Demo) -> None:
    before = letter_of(demo)
    cut = ",".join(f"{source}:{position}" for source, position in before["letter"]["cut"].items())
    path = f"/budget/v1/commitments/{welcome.COMMITMENT}/payments/LATER"
    with demo.client() as client:
        paid = client.put(path, json={"year": 2024, "amount_cents": 100, "part": "interim"})
    assert paid.status_code == 201, paid.text
    assert "LATER" in json.dumps(letter_of(demo, at_least=paid.json()["token"]))
    assert letter_of(demo, cut=cut) == before


def test_the_commitment_the_convention_and_the_first_advance_each_reached_its_milestone_once(demo: Demo) -> None:
    with demo.client() as client:
        dossier = client.get(f"/objectives/v1/streams/dossier/{welcome.DOSSIER}").json()
    reached = [event for event in dossier["events"] if event["type"] == "milestone-reached.v1" and event.get("cause")]
    kinds = {
        event["data"]["milestone"]: event["data"]["kind"]
        for event in dossier["events"]
        if event["type"] == "milestone-planned.v1"
    }
    assert sorted(kinds[event["data"]["milestone"]] for event in reached) == ["advance", "commitment", "convention"]
    assert [event["cause"].partition(":")[0] for event in reached] == ["budget"] * 3


def test_a_second_start_goes_on_and_ctrl_c_stops_cleanly(demo: Demo) -> None:
    before, letter = demo.heads(), letter_of(demo)
    assert demo.stop() == 0, demo.output()
    assert not demo.ready_file.exists()
    began = time.monotonic()
    demo.start()
    assert time.monotonic() - began < 30
    assert demo.heads() == before
    assert letter_of(demo) == letter


def test_a_demo_that_is_refused_leaves_the_running_one_alone(demo: Demo) -> None:
    told = demo.ready_file.read_bytes()
    place = ("--data-dir", str(demo.folder / "data"), "--ready-file", str(demo.ready_file))
    assert demo.process is not None
    for port, refusal in (
        ("0", f"in use by process {demo.process.pid}"),
        (demo.url.rpartition(":")[2], "cannot be taken"),
    ):
        refused = demo.regesta("demo", "--port", port, *place, check=False)
        assert (refused.returncode, refusal in refused.stderr) == (2, True), refused.stderr
        assert demo.ready_file.read_bytes() == told
    assert demo.heads()


def test_a_start_after_a_kill_removes_the_ready_file_before_it_starts_anything(demo: Demo) -> None:
    demo.kill()
    assert demo.ready_file.exists()
    lock = demo.folder / "data" / "lock"
    process = demo.launch()
    while demo.ready_file.exists():
        assert process.poll() is None, demo.output()
        time.sleep(0.001)
    assert int(lock.read_text()) == process.pid
    assert not demo.ready_file.exists()
    with pytest.raises(httpx2.TransportError):
        httpx2.get(demo.url, timeout=5)
    demo.until_ready()
    assert demo.heads()


def test_the_data_folder_is_for_its_owner(demo: Demo) -> None:
    data = demo.folder / "data"
    open_to_others = {each.name for each in data.iterdir() if stat.S_IMODE(each.stat().st_mode) & 0o077}
    assert open_to_others == set()
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == (0o001 if os.geteuid() == 0 else 0)


def test_replay_lag_and_rebuild_answer_as_tables_and_json(demo: Demo) -> None:
    stream = f"commitment/{welcome.COMMITMENT}"
    history = json.loads(demo.regesta("replay", "budget", stream, "--json").stdout)
    assert history["events"][0]["type"] == "amount-committed.v1"
    assert "amount-committed.v1" in demo.regesta("replay", "budget", stream).stdout
    letter = letter_of(demo)
    rebuilt = json.loads(demo.regesta("rebuild", "reporting", "--json").stdout)
    assert rebuilt["failures"] == []
    lag = json.loads(demo.regesta("lag", "--json").stdout)
    followed = [one for its in lag.values() for one in (*its["projections"], *its["replicas"])]
    assert {(one["lag"], one["lag_seconds"]) for one in followed} == {(0, 0.0)}
    assert letter_of(demo)["hash"] == letter["hash"]


def test_the_doctor_looks_at_what_runs(demo: Demo) -> None:
    place = ("--data-dir", str(demo.folder / "data"))
    found = json.loads(demo.regesta("doctor", *place, "--json").stdout)
    assert found.keys() == demo.services.keys()
    for its in found.values():
        # How fast this machine's disk is, and how full, is its own affair.
        assert {each["status"] for each in its if each["name"] not in {"durable commit", "disk"}} == {"ok"}
    table = demo.regesta("doctor", "kpi", *place).stdout
    assert "synchronous_commit" in table
    assert "objectives" not in table.splitlines()[0]


def test_clear_errors_and_exit_codes(demo: Demo) -> None:
    assert demo.regesta("letter", "no-such-note", "2024", check=False).returncode == 1
    assert demo.regesta("replay", "nothing", "a/b", check=False).returncode == 2
    away = demo.regesta("lag", "--url", "http://127.0.0.1:9", check=False)
    assert (away.returncode, "does not answer" in away.stderr) == (3, True)
