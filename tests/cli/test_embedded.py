"""The embedded PostgreSQL starts on any folder, survives kills, and asks everyone for a password."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from cli import embedded, server_user
from cli.embedded import Embedded
from regesta.database import create_service
from regesta.errors import Misconfigured

# A process that starts the server, says so, and would stop it when its input ends.
HOLDER = """
import sys
from pathlib import Path
from cli.embedded import Embedded
with Embedded(Path(sys.argv[1])) as db:
    print(db.server_pid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir(short_folder: Path) -> Path:
    """Return a folder of one test's own."""
    return Path(tempfile.mkdtemp(dir=short_folder))


def execute(dsn: str, *statements: str) -> object:
    """Return the last statement's first value, through a connection of its own."""

    async def run() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            value: object = await connection.fetchval(statements[-1])
            return value
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def holder(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that runs a server in the folder, and return it when it does."""
    command = [sys.executable, "-c", HOLDER, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()
        yield process
        if process.stdin is not None and process.poll() is None:
            process.stdin.close()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(timeout=60)


def ends(pid: int) -> bool:
    """Tell whether the server's process ends within ten seconds; one that nobody has waited for has ended."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not lives(pid):
            return True
        time.sleep(0.01)
    return False


def lives(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_second_start_goes_on_with_the_same_data(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        first = db.admin_dsn
        execute(first, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
    with Embedded(data_dir) as db:
        assert db.admin_dsn == first
        assert execute(db.admin_dsn, "SELECT number FROM kept") == 7


def test_leaving_stops_the_server(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        pid = db.server_pid()
        assert lives(pid)
    assert ends(pid)


def test_settings_are_durable_and_local(postgres: Embedded) -> None:
    settings = ("fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "jit", "data_checksums")
    values = [execute(postgres.admin_dsn, f"SHOW {name}") for name in settings]
    assert values == ["on", "on", "on", "", "off", "on"]
    version = execute(postgres.admin_dsn, "SHOW server_version_num")
    assert str(version).startswith("18")


def test_nobody_connects_without_a_password(postgres: Embedded) -> None:
    dsn = re.sub(r":[^@/]*@", "@", postgres.admin_dsn)
    with pytest.raises(asyncpg.InvalidPasswordError):
        execute(dsn, "SELECT 1")


def test_secrets_are_for_the_owner_only_and_stay(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        passwords = db.passwords("budget")
        assert len({passwords.runtime, passwords.owner}) == 2
        assert db.passwords("budget") == passwords
    secrets = data_dir / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert set(json.loads(secrets.read_text())) == {"postgres", "budget", "budget_owner"}


def test_a_service_connects_by_its_own_addresses(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        asyncio.run(create_service(db.admin_dsn, "budget", db.passwords("budget")))
        assert execute(db.dsn("budget"), "SELECT current_user") == "budget"
        assert execute(db.dsn("budget", "owner"), "SELECT current_user") == "budget_owner"


def test_a_second_process_is_told_who_uses_the_folder(data_dir: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Misconfigured, match=f"in use by process {holder.pid}"), Embedded(data_dir):
        pass


def test_the_folder_is_held_before_anything_is_made_in_it(data_dir: Path) -> None:
    found: list[list[str]] = []
    place = data_dir / "new"
    with Embedded(place, when_held=lambda: found.append(sorted(each.name for each in place.iterdir()))):
        pass
    assert found == [["lock"]]


def test_a_folder_that_is_refused_is_never_held(data_dir: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Misconfigured, match="in use by process"), Embedded(data_dir, when_held=holder.kill):
        pass
    assert holder.poll() is None


def test_the_folder_and_its_files_are_for_their_owner(data_dir: Path) -> None:
    with Embedded(data_dir / "new"):
        pass
    # Root's server runs as another user, who has to get to its files.
    passing = 0o001 if os.geteuid() == 0 else 0
    assert stat.S_IMODE((data_dir / "new").stat().st_mode) == 0o700 | passing
    open_to_others = {each.name for each in (data_dir / "new").iterdir() if stat.S_IMODE(each.stat().st_mode) & 0o077}
    assert open_to_others == set()


def test_a_server_left_by_a_killed_process_is_taken_over(data_dir: Path, holder: subprocess.Popen[str]) -> None:
    left = Embedded(data_dir).server_pid()
    kill(holder)
    with Embedded(data_dir) as db:
        assert db.server_pid() == left
        assert execute(db.admin_dsn, "SELECT 1") == 1
    assert ends(left)


def test_what_was_committed_survives_a_kill_of_the_server(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        execute(db.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
        killed = db.server_pid()
        os.kill(killed, signal.SIGKILL)
        assert ends(killed)
        db.start()
        assert db.server_pid() != killed
        assert execute(db.admin_dsn, "SELECT number FROM kept") == 7


def test_what_was_committed_survives_a_kill_of_everything(data_dir: Path, holder: subprocess.Popen[str]) -> None:
    other = Embedded(data_dir)
    server = other.server_pid()
    execute(other.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
    os.kill(server, signal.SIGKILL)
    kill(holder)
    assert ends(server)
    with Embedded(data_dir) as db:
        assert execute(db.admin_dsn, "SELECT number FROM kept") == 7


def test_an_immediate_stop_loses_nothing_and_keeps_the_address(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        dsn = db.admin_dsn
        execute(dsn, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
        db.stop_immediate()
        with pytest.raises(FileNotFoundError):
            execute(dsn, "SELECT 1")
        db.start()
        assert db.admin_dsn == dsn
        assert execute(dsn, "SELECT number FROM kept") == 7


def test_a_deep_folder_works_and_keeps_the_address(data_dir: Path) -> None:
    deep = data_dir / ("deep" * 30) / "with space and 'quote'"
    with Embedded(deep) as db:
        dsn = db.admin_dsn
        assert execute(dsn, "SELECT 1") == 1
        db.stop_immediate()
        db.start()
        assert execute(dsn, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(data_dir: Path) -> None:
    half = data_dir / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Embedded(data_dir) as db:
        assert execute(db.admin_dsn, "SELECT 1") == 1
    assert not half.exists()


def test_an_empty_mark_is_removed(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        db.stop_immediate()
        (data_dir / "postgres" / "postmaster.pid").write_text("")
        db.start()
        assert execute(db.admin_dsn, "SELECT 1") == 1


def test_a_cluster_without_its_passwords_is_refused(data_dir: Path) -> None:
    with Embedded(data_dir):
        pass
    (data_dir / "secrets.json").unlink()
    with pytest.raises(Misconfigured, match=r"secrets\.json.* is missing"), Embedded(data_dir):
        pass


def test_a_mark_whose_process_id_is_something_elses_is_removed(data_dir: Path) -> None:
    with Embedded(data_dir) as db:
        mark = data_dir / "postgres" / "postmaster.pid"
        lines = mark.read_text().splitlines()
        db.stop_immediate()
        mark.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        db.start()
        assert execute(db.admin_dsn, "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Embedded(data_dir):
        pass
    monkeypatch.setitem(embedded.SETTINGS, "shared_buffers", "much")
    with pytest.raises(Misconfigured, match="invalid value for parameter"), Embedded(data_dir):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_root_opens_closed_folders_for_passing_only(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(parents=True, mode=0o700)
    with Embedded(closed / "data") as db:
        assert execute(db.admin_dsn, "SELECT 1") == 1
        owner = Path(f"/proc/{db.server_pid()}").stat().st_uid
    assert owner == server_user.ServerUser.find(data_dir / "new").uid != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701


@contextmanager
def being(uid: int, gid: int) -> Iterator[None]:
    """Be another user in this process for a while."""
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(gid, gid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_an_ordinary_user_runs_its_own_server(data_dir: Path) -> None:
    user = server_user.ServerUser.find(data_dir / "new")
    assert user.uid is not None
    assert user.gid is not None
    user.give(data_dir)
    user.let_reach(data_dir)
    with being(user.uid, user.gid), Embedded(data_dir) as db:
        assert server_user.ServerUser.find(data_dir / "new").uid is None
        assert execute(db.admin_dsn, "SELECT 1") == 1
    assert (data_dir / "secrets.json").stat().st_uid == user.uid


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_root_goes_on_with_another_users_data(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    with being(nobody.pw_uid, nobody.pw_gid), Embedded(data_dir):
        pass
    with Embedded(data_dir) as db:
        assert execute(db.admin_dsn, "SELECT 1") == 1
        assert Path(f"/proc/{db.server_pid()}").stat().st_uid == nobody.pw_uid
