"""Tables, schemas and topics agree; migrations run once and are never changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from schemas.catalogue import ALERTS, DEAD_LETTER_SUFFIX, PERMITS, TOPICS
from schemas.registry import current
from sinks.clickhouse import migrate as migrations
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import MigrationError, migrate
from sinks.clickhouse.tables import MARKS, PLACE, TABLES
from sinks.settings import ClickHouseSettings


@pytest.fixture
def database(clickhouse_url: str) -> Iterator[tuple[Any, str]]:
    name = f"db_{uuid.uuid4().hex[:10]}"
    client = connect(ClickHouseSettings(url=clickhouse_url, database=name))
    yield client, name
    client.command(f"DROP DATABASE IF EXISTS {name}")
    client.close()


def test_every_topic_has_a_table() -> None:
    assert {t for t in TABLES if not t.endswith(DEAD_LETTER_SUFFIX)} == set(TOPICS)
    assert TABLES[PERMITS.name].raw
    assert TABLES[PERMITS.dead_letters].name == "dead_letters"
    assert not TABLES[ALERTS.name].keeps_all


def test_tables_have_the_columns_of_their_schemas(database: tuple[Any, str]) -> None:
    client, name = database
    assert [m[:4] for m in migrate(client, name)] == [f"{n:04}" for n in range(1, 11)]
    for topic, table in TABLES.items():
        rows = client.query(
            "SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String} ORDER BY position",
            parameters={"d": name, "t": table.name},
        ).result_rows
        marks = MARKS if table.raw else ()
        if table.schema:
            fields = json.loads(current(table.schema))["fields"]
            assert [row[0] for row in rows] == [f["name"] for f in fields] + [*PLACE, *marks], topic
            for field, (column, kind) in zip(fields, rows, strict=False):
                null = isinstance(field["type"], list)
                assert ("Nullable" in kind) == null, f"{topic}: {column} is {kind}"
        engine, key = client.query(
            "SELECT engine, partition_key FROM system.tables WHERE database = {d:String} AND name = {t:String}",
            parameters={"d": name, "t": table.name},
        ).result_rows[0]
        assert key == "", "an insert must be one part"
        assert (engine == "ReplacingMergeTree") == (not table.keeps_all)


def test_migrations_run_once_and_are_never_changed(
    database: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, name = database
    assert migrate(client, name)
    assert migrate(client, name) == []
    files = migrations.files()
    monkeypatch.setattr(
        migrations,
        "files",
        lambda: [*files, (9999, "9999_more.sql", "CREATE TABLE more (a Int8) ENGINE = Memory;\n")],
    )
    assert migrate(client, name) == ["9999_more.sql"]
    changed = [(n, file, text + "-- changed\n") for n, file, text in files]
    monkeypatch.setattr(migrations, "files", lambda: changed)
    with pytest.raises(MigrationError, match=r"0001_permits_steps\.sql was changed"):
        migrate(client, name)


def test_every_schema_fits_its_table(database: tuple[Any, str], clickhouse_url: str) -> None:
    """Rows of every topic, empty and full values, as the sink sends them."""
    from clickhouse_rows import full_record, message

    from schemas.codec import Codec
    from schemas.registry import open_ids
    from schemas.repeats import Repeats
    from sinks.clickhouse.blocks import make_rows
    from sinks.clickhouse.intent import Intent
    from sinks.clickhouse.store import Store

    client, name = database
    migrate(client, name)
    store = Store(ClickHouseSettings(url=clickhouse_url, database=name))
    for topic in TOPICS.values():
        codec = Codec(topic.schema, open_ids())
        records = [
            message(topic.name, offset, codec.encode(full_record(topic.schema, full=bool(offset))))
            for offset in range(2)
        ]
        rows, refused = make_rows(
            TABLES[topic.name], codec, topic.name, 3, records, Repeats(), 1_700_000_000_000
        )
        assert refused == []
        assert isinstance(rows.columns, pa.RecordBatch)
        store.insert(TABLES[topic.name], {(topic.name, 3): rows}, {(topic.name, 3): Intent(0, 1)})
        expected = {0, 1} if TABLES[topic.name].keeps_all else {1}  # a newer version may have replaced it
        assert store.held(TABLES[topic.name], (topic.name, 3), 0, 1) >= expected, topic.name
    sample = client.query(
        f"SELECT occurred_at, _timestamp, monthly_plan FROM {name}.budget_disbursements ORDER BY _offset"
    ).result_rows
    assert sample[1][2] == [7, 7]
    evidence = client.query(
        f"SELECT evidence, parameters, level_at FROM {name}.alerts WHERE _offset = 1"
    ).result_rows[0]
    assert evidence[0][0]["kind"] == "x"
    assert evidence[1] == {"k": "x"}
