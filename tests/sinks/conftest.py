"""ClickHouse for the tests that do not end it: the embedded engine, and a real server where Docker exists."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

IMAGE = "clickhouse/clickhouse-server:25.8"


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running embedded engine."""
    from clickhouse_stack import EngineProcess

    engine = EngineProcess(tmp_path_factory.mktemp("clickhouse")).start()
    try:
        yield engine.url
    finally:
        engine.kill()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The address of a ClickHouse server in a container; skipped where there is no Docker."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine: the ClickHouse server is not tested here")
    from testcontainers.clickhouse import ClickHouseContainer

    with ClickHouseContainer(IMAGE, username="nadi", password="nadi", dbname="default") as server:  # noqa: S106
        yield f"http://nadi:nadi@{server.get_container_host_ip()}:{server.get_exposed_port(8123)}"


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.docker)])
def clickhouse_url(request: pytest.FixtureRequest) -> str:
    """Each ClickHouse there is, one after the other."""
    url: str = request.getfixturevalue("engine_url" if request.param == "embedded" else "server_url")
    return url
