"""Ctrl-C ends the operator's command without a traceback, whatever it is doing."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec

import pytest

from cli import commands
from cli.main import main


class Interrupting:
    """Finds modules as an interpreter in which Ctrl-C is pressed while it reads one of them."""

    def find_spec(self, name: str, *_where: object) -> ModuleSpec | None:
        if name == "cli.commands":
            raise KeyboardInterrupt
        return None


def test_ctrl_c_while_modules_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cli.commands")
    monkeypatch.setattr("sys.meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_ctrl_c_while_a_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
