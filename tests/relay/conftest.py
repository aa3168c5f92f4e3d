"""Databases and the gateway of the relay's tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "gateway"))

import database_servers
from gateway_running import Running, running
from pull_ground import PullGround, announce
from relay_ground import Ground

NO_MARIADB = "no MariaDB (make databases installs it)"
NO_POSTGRESQL = "no PostgreSQL (make databases installs it)"
NO_PHP = "no php-cli with pdo_mysql (make databases installs it)"


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not database_servers.has_mariadb():
        pytest.skip(NO_MARIADB)
    with database_servers.mariadb(tmp_path_factory.mktemp("mariadb")) as address:
        yield address


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    if database_servers.postgresql_folder() is None:
        pytest.skip(NO_POSTGRESQL)
    with database_servers.postgresql() as address:
        yield address


@pytest.fixture
def needs_php() -> None:
    if shutil.which("php") is None:
        pytest.skip(NO_PHP)


@pytest.fixture(scope="module")
def gateway(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(kafka, tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Ground]:
    """Makes an outbox: ``ground("mysql", gateway_url)``."""

    def make(database: str, url: str, **more: Any) -> Ground:
        fixtures = {"mysql": "mariadb", "postgresql": "postgresql"}
        server = request.getfixturevalue(fixtures[database]) if database in fixtures else "sqlite:"
        return Ground(server, tmp_path, url, **more)

    return make


@pytest.fixture(params=["python", "php", "php-streams"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each relay in turn; the PHP file with ext-curl and without."""
    if request.param != "python":
        request.getfixturevalue("needs_php")
    return str(request.param)


@pytest.fixture
def pulled(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., PullGround]:
    """Makes a table to be pulled: ``pulled("mysql", gateway_url)``."""

    def make(database: str, url: str) -> PullGround:
        fixtures = {"mysql": "mariadb", "postgresql": "postgresql"}
        server = request.getfixturevalue(fixtures[database]) if database in fixtures else "sqlite:"
        made = PullGround(server, tmp_path, url)
        announce(request.getfixturevalue("gateway").kafka, made.source)
        return made

    return make
