"""XES in: the rows are right whatever form the log takes, and a hostile or damaged file ends with its place and cure."""

from __future__ import annotations

import gzip
import tracemalloc
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from producers.files import FileError, read_rows
from producers.files.xes import FILLED, LISTS, read_xes
from producers.history import read_history
from producers.log_files import read_log
from producers.mapping import load_mapping

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">\n'
TRACE = """<trace>
  <string key="concept:name" value="A-1"/>
  <date key="deadline" value="2024-03-10T10:00:00.000+01:00"/>
  <event>
    <string key="concept:name" value="periksa &amp; catat"/>
    <date key="time:timestamp" value="2024-03-01T23:30:00.000-05:00"/>
    <int key="pages" value="12"/>
    <boolean key="ok" value="true"/>
  </event>
</trace>
"""


def write(tmp_path: Path, body: str, name: str = "log.xes", head: str = HEAD) -> Path:
    path = tmp_path / name
    data = f"{head}{body}</log>\n".encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["log.xes", "log.XES", "log.xes.gz"])
def test_a_row_has_the_attributes_of_its_event_and_its_trace(tmp_path: Path, name: str) -> None:
    header, rows = read_rows(write(tmp_path, TRACE, name))
    (row,) = rows
    assert header is None
    assert row.number == 6
    assert row.values == {
        "case:concept:name": "A-1",
        "case:deadline": "2024-03-10T10:00:00.000+01:00",
        "concept:name": "periksa & catat",
        "time:timestamp": "2024-03-01T23:30:00.000-05:00",
        "pages": "12",
        "ok": "true",
    }


def test_namespace_prefixes_and_attributes_after_the_events(tmp_path: Path) -> None:
    head = '<x:log xmlns:x="http://www.xes-standard.org/">'
    body = '<x:trace><x:event><x:int key="n" value="1"/></x:event><x:string key="t" value="late"/></x:trace>'
    path = tmp_path / "log.xes"
    path.write_text(f"{head}{body}</x:log>", "utf-8")
    assert [row.values for row in read_xes(path)] == [{"case:t": "late", "n": "1"}]


def test_events_without_a_trace_are_rows_too(tmp_path: Path) -> None:
    path = write(tmp_path, '<event><string key="concept:name" value="a"/></event>' + TRACE)
    assert [row.values["concept:name"] for row in read_xes(path)] == ["a", "periksa & catat"]


def test_globals_fill_in_but_make_up_no_date_and_no_identity(tmp_path: Path) -> None:
    body = """<global scope="trace"><string key="concept:name" value="?"/><string key="channel" value="loket"/>
      <date key="enddate" value="1970-01-01T00:00:00+00:00"/></global>
      <global scope="event"><string key="org:group" value="PTSP"/><string key="org:role" value="__INVALID__"/>
      <date key="time:timestamp" value="2011-04-13T18:30:56+02:00"/></global>
      <trace><event><string key="org:group" value="PUPR"/></event><event/></trace>"""
    counts: Counter[str] = Counter()
    rows = [row.values for row in read_xes(write(tmp_path, body), counts)]
    assert rows == [
        {"case:channel": "loket", "org:group": "PUPR"},
        {"case:channel": "loket", "org:group": "PTSP"},
    ]
    assert counts[FILLED] == 2


def test_nested_attributes_and_containers_are_flat_and_lists_are_counted(tmp_path: Path) -> None:
    body = """<trace><event>
      <string key="org:resource" value="R1"><string key="role" value="verifier"/></string>
      <container key="lokasi"><string key="desa" value="Sidorejo"/></container>
      <list key="syarat"><values><string key="satu" value="KTP"/></values></list>
    </event></trace>"""
    counts: Counter[str] = Counter()
    (row,) = read_xes(write(tmp_path, body), counts)
    assert row.values == {"org:resource": "R1", "org:resource.role": "verifier", "lokasi.desa": "Sidorejo"}
    assert counts[LISTS] == 1


def test_times_are_the_same_instant_in_any_zone(tmp_path: Path) -> None:
    """One instant written in four ways, the last without an offset: it is read in the mapping's zone."""
    written = (
        "2024-03-31T01:30:00.000+01:00",
        "2024-03-31T00:30:00.000Z",
        "2024-03-31T07:30:00+07:00",
        "2024-03-31T09:30:00.000",
    )
    body = "".join(
        f'<trace><string key="concept:name" value="c{n}"/><event><date key="time:timestamp" value="{at}"/></event></trace>'
        for n, at in enumerate(written)
    )
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'domain = "permits"\nsource = "/t"\ntimezone = "Asia/Jayapura"\n[columns]\ncase_id = "case:concept:name"\n'
        'occurred_at = "time:timestamp"\n[constants]\nkind = "finished"\n',
        "utf-8",
    )
    log = read_log(write(tmp_path, body))
    history = read_history("permits", [log], load_mapping(mapping), ZoneInfo("Asia/Jakarta"))
    assert [event["occurred_at"] for event in history.events] == [1_711_845_000_000] * 4
    assert (history.cases, history.rows, history.rejected) == (4, 4, [])


def test_columns_that_only_some_events_have(tmp_path: Path) -> None:
    body = "".join(f'<trace><event><string key="k{n}" value="{n}"/></event></trace>' for n in range(3))
    frame = read_log(write(tmp_path, body)).frame
    assert frame.rows() == [("0", None, None), (None, "1", None), (None, None, "2")]


def test_memory_holds_one_trace(tmp_path: Path) -> None:
    path = write(tmp_path, TRACE * 20_000, "log.xes.gz")
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_xes(path)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


BOMB = """<?xml version="1.0"?>
<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<log><trace><event><string key="concept:name" value="&c;"/></event></trace></log>"""
OUTSIDE = """<!DOCTYPE log [<!ENTITY out SYSTEM "file:///etc/hostname">]>
<log><string key="x" value="y">&out;</string></log>"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, r"log\.xes baris 2: berisi DOCTYPE.*hapus DOCTYPE"),
        (OUTSIDE, r"baris 1: berisi DOCTYPE"),
        ('<!DOCTYPE log SYSTEM "http://example.org/log.dtd"><log/>', "berisi DOCTYPE"),
        ("<log>" + "<container key='a'>" * 40, "baris 1: elemen bersarang lebih dari 32 tingkat"),
        (f"<log><string key='a' value='{'x' * 3_000_000}'/></log>", r"baris 1: .*lebih panjang dari 1 MB"),
        (HEAD + TRACE, r"baris 13 kolom 1: bukan XML yang benar.*terpotong"),
        (
            HEAD + TRACE.replace("</event>", "</evnt>") + "</log>",
            r"baris 11 kolom \d+: bukan XML.*ekspor ulang",
        ),
        ("case,time\n1,2\n", r"baris 1 kolom 1: bukan XML"),
        ("<pnml><net/></pnml>", "elemen pertama <pnml>, bukan <log>.*bukan XES"),
        ("<log><trace><string value='x'/></trace></log>", "baris 1: <string> tanpa key"),
        ("<log><trace><date key='x'/></trace></log>", "baris 1: <date> tanpa value"),
        ("<log>&undefined;</log>", "bukan XML yang benar"),
        ("", "kosong"),
    ],
    ids=[
        "bomb",
        "entity of another file",
        "DTD elsewhere",
        "deep",
        "long value",
        "cut",
        "wrong tag",
        "CSV",
        "PNML",
        "no key",
        "no value",
        "undefined entity",
        "empty",
    ],
)
def test_a_hostile_or_damaged_file(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "log.xes"
    path.write_text(content, "utf-8")
    with pytest.raises(FileError, match=said):
        list(read_rows(path)[1])


def test_a_log_without_events(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tidak memuat satu kejadian"):
        read_log(write(tmp_path, ""))


def test_data_in_the_names_of_attributes(tmp_path: Path) -> None:
    body = "".join(f'<event><string key="k{n}" value=""/></event>' for n in range(1_100))
    with pytest.raises(ValueError, match="lebih dari 1000 nama atribut"):
        read_log(write(tmp_path, body))


@pytest.mark.parametrize("damage", ["cut", "flipped", "not gzip"])
def test_a_damaged_gzip(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path, TRACE * 500, "log.xes.gz")
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-40])
    elif damage == "flipped":
        path.write_bytes(data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
    else:
        path.write_text(HEAD + "</log>", "utf-8")
    with pytest.raises(FileError, match=r"log\.xes\.gz: .*(gzip rusak|bukan gzip).*kirim ulang"):
        list(read_xes(path))
