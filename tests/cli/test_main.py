"""The operator's command says what is wrong in one line and by its exit code."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import main as command
from cli.tokens import Issuer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process; return (exit code, output, errors)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["regesta", *arguments])
        with pytest.raises(SystemExit) as ended:
            command.main()
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


def test_nothing_at_the_address_is_its_own_exit_code(run: Run) -> None:
    code, _, said = run("lag", "--token", "abc", "--url", "http://127.0.0.1:9")
    assert (code, "does not answer" in said) == (3, True)


def test_an_unwritable_report_is_said_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    sample = "examples/territorial-2023-2024.json"
    code, _, said = run("import", "facts", sample, "--token", "abc", "--report", str(tmp_path / "no" / "r.json"))
    assert (code, "No such file" in said) == (2, True)


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


def test_a_day_that_is_none_is_refused(run: Run) -> None:
    code, _, said = run("letter", "note", "2024", "--as-of", "2024-13-01", "--token", "abc")
    assert (code, "2024-13-01" in said) == (2, True)
