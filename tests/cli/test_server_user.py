"""What PostgreSQL's own user needs is opened to it, and nothing more."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from cli import server_user
from cli.server_user import ServerUser
from regesta.errors import Misconfigured


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def programs(short_folder: Path) -> Path:
    """Return a folder as an installer with a strict umask leaves it."""
    folder = Path(tempfile.mkdtemp(dir=short_folder)) / "programs"
    folder.mkdir(mode=0o700)
    for name, closed in (("run", 0o700), ("read", 0o600)):
        (folder / name).touch()
        (folder / name).chmod(closed)
    return folder


def test_programs_can_be_read_and_run_but_not_changed(programs: Path) -> None:
    ServerUser(uid=os.getuid(), gid=os.getgid()).let_read(programs)
    assert [mode(programs), mode(programs / "run"), mode(programs / "read")] == [0o705, 0o705, 0o604]
    assert mode(programs.parent) == 0o701


def test_nothing_is_opened_when_the_server_runs_as_its_starter(programs: Path) -> None:
    ServerUser().let_read(programs)
    assert [mode(programs.parent), mode(programs), mode(programs / "run")] == [0o700, 0o700, 0o700]


def test_without_a_way_to_add_a_user_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(server_user, "NAME", "regesta-not-there")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="add a user 'regesta-not-there'"):
        ServerUser.find(tmp_path / "new")
