"""Real database servers of the tests, each a process of its own in a temporary folder, stopped by its pid."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from infra.embedded import ports

START_SECONDS = 60.0
PASSWORD = "uji-coba"  # noqa: S105


def has_mariadb() -> bool:
    return bool(shutil.which("mariadbd") and shutil.which("mariadb-install-db"))


def postgresql_folder() -> Path | None:
    """The programs of the newest PostgreSQL that Debian installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB with the user ``opd``; yields an address without a database's name."""
    data, log, port = folder / "data", (folder / "log").open("ab"), ports.free()[0]
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"],
        check=True, stdout=log, stderr=log,
    )  # fmt: skip
    socket = Path(tempfile.mkdtemp(prefix="nadi-")) / "s"  # a socket's path may have 107 letters
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", f"--port={port}",
         "--bind-address=127.0.0.1", f"--user={getpass.getuser()}", "--innodb-buffer-pool-size=32M",
         "--sql-mode=STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE"],
        stdout=log, stderr=log,
    )  # fmt: skip
    try:
        admin = create_engine(f"mysql+pymysql://root@localhost/mysql?unix_socket={socket}")
        _await(admin, server, folder / "log")
        with admin.begin() as connection:
            connection.execute(text(f"CREATE USER opd@'%' IDENTIFIED BY '{PASSWORD}'"))
            connection.execute(text("GRANT ALL ON *.* TO opd@'%' WITH GRANT OPTION"))
        admin.dispose()
        yield f"mysql://opd:{PASSWORD}@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(socket.parent, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL; yields an address without a database's name. It does not run as root, so its folder is its own."""
    programs = postgresql_folder()
    assert programs is not None
    folder, port = Path(tempfile.mkdtemp(prefix="nadi-")), ports.free()[0]
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    run = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "opd", "-A", "trust"], check=True, **run
    )  # type: ignore[call-overload]
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1"],
        **run,
    )  # type: ignore[call-overload]
    try:
        admin = create_engine(f"postgresql+psycopg://opd@127.0.0.1:{port}/postgres")
        _await(admin, server, folder)
        admin.dispose()
        yield f"postgresql://opd@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # fast: it does not wait for connections
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _await(engine: object, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.connect().close()  # type: ignore[attr-defined]
            return
        except OperationalError:
            assert server.poll() is None, log.read_text() if log.is_file() else log
            assert time.monotonic() < deadline
            time.sleep(0.1)
