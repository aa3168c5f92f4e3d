"""The embedded engine spoken to by the unmodified clickhouse-connect, and by hand."""

from __future__ import annotations

import datetime
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from clickhouse_stack import ENGINE, EngineProcess

from infra.embedded.clickhouse_request import Body, understand

DDL = """(n Int64, u UInt64, f Float64, b Bool, s String, z Nullable(String), l LowCardinality(String),
 t DateTime64(3, 'UTC'), a Array(String), m Map(String, String), e Array(Tuple(k String, v Int64)))
 ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"""
NOW = datetime.datetime(2026, 11, 24, 1, 2, 3, 456000, tzinfo=datetime.UTC)
ROW = (
    -5,
    2**63,
    1.5,
    True,
    "it's\n\t\\ é",
    None,
    "x",
    NOW.replace(tzinfo=None),
    ["a'", ""],
    {"k": "v"},
    [{"k": "x", "v": 1}],
)


def client_of(url: str, **options: Any) -> Any:
    address = urllib.parse.urlsplit(url)
    return clickhouse_connect.get_client(
        host=address.hostname or "",
        port=address.port or 0,
        username=address.username or "default",
        password=address.password or "",
        **options,
    )


@pytest.fixture
def table(clickhouse_url: str) -> Iterator[tuple[str, str]]:
    client = client_of(clickhouse_url)
    name = f"t_{uuid.uuid4().hex[:8]}"
    client.command(f"CREATE TABLE {name} {DDL}")
    yield clickhouse_url, name
    client.command(f"DROP TABLE {name}")


@pytest.mark.parametrize("compress", [True, False, "lz4", "zstd", "gzip"])
def test_every_type_goes_there_and_back(table: tuple[str, str], compress: bool | str) -> None:
    client = client_of(table[0], compress=compress)
    summary = client.insert(table[1], [ROW])
    assert summary.written_rows == 1
    assert tuple(client.query(f"SELECT * FROM {table[1]}").result_rows[0]) == ROW


def test_arrow_there_and_back(table: tuple[str, str]) -> None:
    client = client_of(table[0])
    columns = pa.table(
        {"n": pa.array([1, 2]), "s": ["a", "b"], "t": pa.array([0, 10**12]).cast(pa.timestamp("ms", "UTC"))}
    )
    client.insert_arrow(table[1], columns)
    assert client.query_arrow(f"SELECT n, s FROM {table[1]} ORDER BY n").to_pydict() == {
        "n": [1, 2],
        "s": ["a", "b"],
    }
    assert client.query_df(f"SELECT sum(n) x FROM {table[1]}")["x"][0] == 3


def test_parameters_and_streams(clickhouse_url: str) -> None:
    client = client_of(clickhouse_url)
    given = {"s": "it's\ta\n\\", "a": ["x'", "y"], "n": -1}
    assert client.query("SELECT {s:String}, {a:Array(String)}, {n:Int64}", parameters=given).result_rows == [
        ("it's\ta\n\\", ["x'", "y"], -1)
    ]
    with client.query_row_block_stream("SELECT number FROM numbers(100000)") as stream:
        assert sum(len(block) for block in stream) == 100_000
    assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'
    assert client.ping()
    forms = client_of(clickhouse_url, form_encode_query_params=True)
    assert forms.query("SELECT {s:String}", parameters={"s": "fé"}).result_rows == [("fé",)]


def test_a_token_lets_a_block_in_once(table: tuple[str, str]) -> None:
    client = client_of(table[0])  # with a session: a token must not outlive its request
    for token, expected in (("a", 1), ("a", 1), ("b", 2)):
        client.insert(table[1], [ROW], settings={"insert_deduplication_token": token})
        assert client.command(f"SELECT count() FROM {table[1]}") == expected
    client.insert(table[1], [(*ROW[:4], "other", *ROW[5:])])
    client.insert(table[1], [(*ROW[:4], "another", *ROW[5:])])
    assert client.command(f"SELECT count() FROM {table[1]}") == 4


def test_errors_are_the_servers(clickhouse_url: str) -> None:
    client = client_of(clickhouse_url)
    for sql, code, name in (
        ("SELEC 1", 62, "SYNTAX_ERROR"),
        ("SELECT * FROM nowhere_at_all", 60, "UNKNOWN_TABLE"),
        ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ):
        with pytest.raises(DatabaseError, match=name) as caught:
            client.query(sql)
        assert caught.value.code == code
    with pytest.raises(DatabaseError, match="UNKNOWN_DATABASE"):
        client_of(clickhouse_url, database="nowhere").command("SELECT 1")
    with pytest.raises(DatabaseError, match="READONLY"):
        client.command("CREATE TABLE nope (a Int8) ENGINE = Memory", settings={"readonly": 1})


def test_an_insert_that_cannot_be_written_is_an_error(clickhouse_url: str) -> None:
    """Also one that fails in the table, after its data was understood."""
    client = client_of(clickhouse_url)
    name = f"t_{uuid.uuid4().hex[:8]}"
    client.command(
        f"CREATE TABLE {name} (n Int64, CONSTRAINT positive CHECK n > 0) ENGINE = MergeTree ORDER BY n"
    )
    for form, data in (
        ("CSV", b"1\n-1\n"),
        ("Native", b"\x01\x01\x01n\x05Int64" + bytes(8)),
        ("CSV", b"1\nx\n"),
    ):
        with pytest.raises(DatabaseError, match=r"VIOLATED_CONSTRAINT|INCORRECT_DATA|CANNOT_PARSE_INPUT"):
            client.raw_insert(name, ["n"], insert_block=data, fmt=form)
    assert client.command(f"SELECT count() FROM {name}") == 0
    client.command(f"DROP TABLE {name}")


def test_sessions_keep_what_requests_do_not(engine_url: str) -> None:
    with_session, without = client_of(engine_url), client_of(engine_url, autogenerate_session_id=False)
    with_session.command("CREATE TEMPORARY TABLE mine (a Int8)")
    with_session.command("INSERT INTO mine VALUES (7)")
    assert with_session.command("SELECT a FROM mine") == 7
    without.command("SET max_threads = 77")
    assert without.command("SELECT getSetting('max_threads')") != 77
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        without.command("SELECT a FROM mine")


def test_by_hand(engine_url: str) -> None:
    def ask(sql: str, **headers: str) -> tuple[int, bytes, Any]:
        request = urllib.request.Request(  # noqa: S310
            f"{engine_url}/?{urllib.parse.urlencode({'query': sql})}", headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    status, body, headers = ask("SELECT 1")
    assert (status, body) == (200, b"1\n")
    assert headers["X-ClickHouse-Format"] == "TabSeparated"
    assert b"READONLY" in ask("CREATE TABLE x (a Int8) ENGINE = Memory")[1], "GET only reads"
    assert ask("SELECT 1", Origin="http://evil.example")[0] == 403, "no page in a browser may ask"
    assert ask("SELECT 1", Host="evil.example:80")[0] == 403
    status, body, headers = ask("SELECT * FROM nope")
    assert status == 404
    assert headers["X-ClickHouse-Exception-Code"] == "60"
    assert b"Code: 60. DB::Exception" in body
    assert b"(version " in body


def test_inserts_by_hand_in_any_shape(table: tuple[str, str]) -> None:
    url = table[0]
    if "@" in url:
        pytest.skip("passwords by hand are not what is tested")
    for query, data in (
        (f"INSERT INTO {table[1]} (n) FORMAT CSV", b"1\n2\n"),
        ("", f"INSERT INTO {table[1]} (n) FORMAT CSV\n3\n".encode()),
        ("", f"INSERT INTO {table[1]} (n) VALUES (4), (5)".encode()),
        ("", f"INSERT INTO {table[1]} (n) SELECT 6".encode()),
        (f'INSERT INTO {table[1]} (n) FORMAT JSONEachRow {{"n": 7}}', b""),
        (f"INSERT INTO {table[1]} (n) SETTINGS async_insert = 0, max_threads = 1 FORMAT CSV", b"8\n"),
    ):
        address = f"{url}/?{urllib.parse.urlencode({'query': query})}"
        urllib.request.urlopen(urllib.request.Request(address, data=data, method="POST"), timeout=10).read()  # noqa: S310
    assert (
        client_of(url).command(f"SELECT groupArray(n) FROM (SELECT n FROM {table[1]} ORDER BY n)")
        == "[1,2,3,4,5,6,7,8]"
    )


def test_the_words_of_an_insert_are_not_its_data() -> None:
    body = Body(iter([b"INSERT INTO t (a, value) FORM", b"AT Native\n\x00\x01 VALUES"]))
    request = understand({}, {}, body, read_only=False)
    assert (request.statement, request.data_format) == (b"INSERT INTO t (a, value)", "Native")
    assert b"".join(request.data) == b"\x00\x01 VALUES"
    plain = understand({}, {}, Body(iter([b"INSERT INTO t VALUES (' FORMAT CSV ')"])), read_only=False)
    assert plain.data_format is None


def test_queries_run_beside_each_other(engine_url: str) -> None:
    slow = threading.Thread(
        target=lambda: client_of(engine_url).command(
            "SELECT sum(sipHash64(number)) FROM numbers(60000000) SETTINGS max_threads = 1"
        )
    )
    client = client_of(engine_url)
    slow.start()
    time.sleep(0.1)
    client.command("SELECT 1")
    assert slow.is_alive(), "a short query does not wait for a long one"
    slow.join()


def test_one_process_per_folder(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "ch").start()
    try:
        second = subprocess.run(
            [sys.executable, "-c", ENGINE, str(tmp_path / "ch"), "0"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert second.returncode != 0
        assert engine.process is not None
        assert f"in use by process {engine.process.pid}" in second.stderr
    finally:
        engine.kill()


def test_a_stop_and_a_kill_keep_the_rows(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "ch").start()
    try:
        client = client_of(engine.url)
        client.command("CREATE TABLE t (n Int64) ENGINE = MergeTree ORDER BY n")
        client.insert("t", [[1]], column_names=["n"])
        assert engine.stop() == 0
        assert client_of(engine.start().url).command("SELECT count() FROM t") == 1
        stop, inserted = threading.Event(), threading.Event()

        def insert() -> None:
            mine = client_of(engine.url)
            try:
                while not stop.is_set():
                    mine.insert("t", [[n] for n in range(20_000)], column_names=["n"])
                    inserted.set()
            except (OperationalError, DatabaseError):
                pass

        thread = threading.Thread(target=insert)
        thread.start()
        assert inserted.wait(60)
        time.sleep(0.5)
        engine.kill()
        stop.set()
        thread.join()
        count = client_of(engine.start().url).command("SELECT count() FROM t")
        assert count > 1
        assert (count - 1) % 20_000 == 0, "an insert is there as a whole or not at all"
    finally:
        engine.kill()


def test_fifty_thousand_rows_are_quick(engine_url: str) -> None:
    client = client_of(engine_url, compress=False)
    client.command("CREATE OR REPLACE TABLE quick (n Int64, s String) ENGINE = MergeTree ORDER BY n")
    columns = pa.table({"n": list(range(50_000)), "s": [f"row {n}" for n in range(50_000)]})
    best = 9.0
    for _ in range(5):
        begun = time.perf_counter()
        client.insert_arrow("quick", columns)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.5, "a guard against a change of kind; the figure itself is measured in benchmarks"
