"""`nadi query` against a real engine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import build
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.settings import ClickHouseSettings


@pytest.fixture
def ask(engine_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Runs ``nadi query`` on a migrated database of its own."""
    name = f"db_{uuid.uuid4().hex[:10]}"
    client = connect(ClickHouseSettings(url=engine_url, database=name))
    migrate(client, name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NADI_CLICKHOUSE__DATABASE", name)

    def run(*arguments: str, **options: Any) -> Any:
        return CliRunner().invoke(build(), ["query", *arguments, "--url", engine_url], **options)

    run.client, run.name = client, name  # type: ignore[attr-defined]
    yield run
    client.command(f"DROP DATABASE {name}")


def test_reads_and_formats(ask: Any) -> None:
    shown = ask("SELECT 1 AS satu, NULL AS kosong, '[bold]x' AS teks")
    assert shown.exit_code == 0, shown.output
    assert "satu" in shown.output
    assert "[bold]x" in shown.output
    assert "DATA SIMULASI" not in shown.output
    answer = json.loads(ask("SELECT 42 AS n;", "--json").output)
    assert answer["data"] == [{"n": 42}]
    assert answer["simulated"] is False
    assert ask("SELECT 'a' AS n", "--csv").output == '"n"\n"a"\n'
    assert ask("-", "--csv", input="SELECT 7 AS n\n").output == '"n"\n7\n'
    assert "permits_steps" in ask("SHOW TABLES").output


def test_changes_nothing_unless_told(ask: Any) -> None:
    refused = ask("TRUNCATE TABLE permits_steps")
    assert refused.exit_code == 1
    assert "--write" in refused.output
    assert ask("CREATE TABLE mine (a Int8) ENGINE = Memory", "--write").exit_code == 0
    assert ask("INSERT INTO mine VALUES (3)", "--write").exit_code == 0
    assert "3" in ask("SELECT a FROM mine").output


def test_a_mistake_is_explained(ask: Any) -> None:
    wrong = ask("SELECT * FROM tidak_ada")
    assert wrong.exit_code == 1
    assert "tidak_ada" in wrong.output
    assert "Traceback" not in wrong.output
    away = CliRunner().invoke(build(), ["query", "SELECT 1", "--url", "http://127.0.0.1:1"])
    assert away.exit_code == 1


def test_simulated_data_says_so(ask: Any) -> None:
    ask.client.command(f"INSERT INTO {ask.name}.aggregates (metric, simulated) VALUES ('permits.open', true)")
    assert "DATA SIMULASI" in ask("SELECT count() FROM aggregates").output
    assert ask("SELECT 1 AS n", "--csv").output.startswith("# DATA SIMULASI\n")
    assert json.loads(ask("SELECT 1 AS n", "--json").output)["note"] == "DATA SIMULASI"
