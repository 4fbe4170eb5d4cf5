"""The operator's command says what is wrong in one line and by its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.commands import run as run_command
from cli.tokens import Issuer

AWAY = "http://127.0.0.1:9"
CLOSED = "standard output is closed; send it to /dev/null when nobody reads it"
HEAVY = {"asyncpg", "fastapi", "opentelemetry", "pydantic", "uvicorn"}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process; return (exit code, output, errors)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["regesta", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_command()
        printed = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, printed.out, printed.err

    return run


def claims_of(token: str) -> Any:
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.mark.parametrize("token", ["", "é", "a b", "a\n"])
def test_a_token_that_is_none_is_wrong_use_and_never_shown(run: Run, token: str) -> None:
    code, _, said = run("lag", "--token", token)
    assert code == 2
    assert "token" in said


@pytest.mark.parametrize(
    "arguments",
    [
        "lag",
        "letter sport 2024",
        "import facts examples/territorial-2023-2024.json",
        "import commands examples/contract-13th-series.ndjson",
    ],
)
def test_nothing_at_the_address_is_its_own_exit_code(run: Run, arguments: str) -> None:
    code, _, said = run(*arguments.split(), "--token", "abc", "--url", AWAY)
    assert (code, "does not answer" in said) == (3, True)


def test_an_unwritable_report_is_said_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    sample = "examples/territorial-2023-2024.json"
    code, _, said = run("import", "facts", sample, "--token", "abc", "--report", str(tmp_path / "no" / "r.json"))
    assert (code, "No such file" in said) == (2, True)


@pytest.mark.parametrize("command", ["backup budget", "letter sport 2024 --token abc --url http://127.0.0.1:9"])
def test_a_folder_in_the_place_of_a_file_is_said_before_anything_is_done(
    run: Run, tmp_path: Path, command: str
) -> None:
    code, _, said = run(*command.split(), "--out", str(tmp_path))
    words = " ".join(said.replace("│", " ").split())
    assert (code, words.count("is a directory")) == (2, 1)
    assert "Errno" not in words
    assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.parent.glob(".*.part")) == []


def test_a_token_with_one_unit_may_not_do_everything(run: Run, tmp_path: Path) -> None:
    Issuer(tmp_path / "keys")
    code, token, _ = run("token", "--unit", "dru", "--data-dir", str(tmp_path))
    claims = claims_of(token.strip())
    assert (code, claims["units"], claims["roles"]) == (0, ["dru"], [])


def test_a_token_without_choices_may_do_everything(run: Run, tmp_path: Path) -> None:
    Issuer(tmp_path / "keys")
    _, token, _ = run("token", "--data-dir", str(tmp_path))
    assert claims_of(token.strip())["units"] == ["*"]


def test_an_unknown_scope_is_refused(run: Run, tmp_path: Path) -> None:
    Issuer(tmp_path / "keys")
    code, _, said = run("token", "--scope", "foo:bar", "--data-dir", str(tmp_path))
    assert (code, "foo:bar" in said) == (2, True)


@pytest.mark.parametrize(
    ("option", "value", "shown"),
    [
        ("--subject", "", "''"),
        ("--subject", "a\tb", "printable"),
        ("--subject", "s" * 201, "1 to 200"),
        ("--role", "foo", "'foo'"),
        ("--unit", "", "''"),
        ("--hours", "0", "--hours"),
    ],
)
def test_what_no_service_would_take_is_not_put_into_a_token(
    run: Run, tmp_path: Path, option: str, value: str, shown: str
) -> None:
    Issuer(tmp_path / "keys")
    code, printed, said = run("token", option, value, "--data-dir", str(tmp_path))
    assert (code, printed, shown in said) == (2, "", True)


@pytest.mark.parametrize(
    "day", ["2024-13-01", "2026-W48-2", "20261124", "2024-1-1", "yesterday", "", "\u0662\u0660\u0662\u0664-01-01"]
)
@pytest.mark.parametrize("arguments", [("letter", "note", "2024"), ("replay", "budget", "line/x")])
def test_a_day_that_is_none_is_refused(run: Run, arguments: tuple[str, ...], day: str) -> None:
    code, _, said = run(*arguments, "--as-of", day, "--token", "abc", "--url", AWAY)
    assert (code, "is no day" in said) == (2, True)


@pytest.mark.parametrize("url", ["foo", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "127.0.0.1:8080"])
def test_what_is_no_address_is_wrong_use(run: Run, url: str) -> None:
    code, _, said = run("lag", "--token", "abc", "--url", url)
    assert (code, "'--url'" in said, "no address" in " ".join(said.replace("│", " ").split())) == (2, True, True)


@pytest.mark.parametrize(
    "stream", ["../events", "../events/head", "line/../../events", "line/.", "line//x", "line", ""]
)
def test_what_is_no_stream_is_not_asked_for(run: Run, stream: str) -> None:
    code, _, said = run("replay", "budget", stream, "--token", "abc", "--url", AWAY)
    assert (code, "is no stream" in said) == (2, True)


@pytest.mark.parametrize("note", ["../notes", "a/b", "a?as_of=2024-01-01", ""])
def test_what_is_no_note_is_not_asked_for(run: Run, note: str) -> None:
    code, _, said = run("letter", note, "2024", "--token", "abc", "--url", AWAY)
    assert (code, "is no slug" in said) == (2, True)


def test_a_stream_is_asked_for_by_its_whole_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def request(_method: str, url: str, **_more: object) -> httpx2.Response:
        asked.append(url)
        raise httpx2.ConnectError("away")

    monkeypatch.setattr(httpx2, "request", request)
    assert run("replay", "budget", "commitment/a?cut=1#b c%2F", "--token", "abc", "--url", AWAY)[0] == 3
    assert asked == [f"{AWAY}/budget/v1/streams/commitment/a%3Fcut%3D1%23b%20c%252F"]


def test_a_file_with_a_missing_parent_is_a_problem_as_over_http(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "note.json"
    orphan = {"code": "1.1", "level": "operational", "parent": "9"}
    file.write_text(json.dumps({"policy_note": {"title": {"fr": "Sport"}}, "objectives": [orphan]}))
    code, printed, said = run("import", "facts", str(file), "--token", "abc", "--url", AWAY, "--json")
    problem = json.loads(printed)
    assert (code, "/objectives/0/parent" in said) == (1, True)
    assert problem["type"] == "https://regesta.example/problems/file-refused"
    assert (problem["status"], problem["title"]) == (422, "The input is not valid")
    assert "'9' is not in the file" in problem["detail"]
    message = "the parent '9' is not in the file"
    assert problem["errors"] == [{"pointer": "/objectives/0/parent", "message": message, "value": "9"}]
    told = run("import", "facts", str(file), "--token", "abc", "--url", AWAY)[2]
    assert json.loads(told[told.index("{") :])["errors"] == problem["errors"]


@pytest.mark.parametrize("arguments", ["lag --json --token abc", "token --data-dir {folder}"])
def test_a_closed_standard_output_is_said(tmp_path: Path, arguments: str) -> None:
    Issuer(tmp_path / "keys")
    line = f"{sys.executable} -m cli {arguments.format(folder=tmp_path)} >&-"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.splitlines()) == (2, [CLOSED])


def test_help_waits_for_no_module_that_only_serving_needs() -> None:
    code = f"import sys, cli.commands; sys.exit(' '.join({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.strip() == ""
