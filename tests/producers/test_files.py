"""Files in: what is right is typed, what is wrong is said with its place, and nothing is half published."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.files import Columns, FileError, check, good_events, read_rows
from producers.identity import event_id
from producers.tokens import Tokens
from schemas.registry import current

HEADER = "event_id,source,opd,occurred_at,kind,cash_office,account,amount,payer_token"
ROW = "6f1c2c0e-0000-4000-8000-00000000000{n},/opd/5.02.01/kas,5.02.01,2026-11-23T08:0{n}:00+07:00,receipt,BPD,4.1.01.15.01.0001,{amount},"


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    return Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(tmp_path / "keys" / "tokens.key"))


def write(
    tmp_path: Path, *rows: str, header: str = HEADER, name: str = "kas.csv", start: bytes = b""
) -> Path:
    path = tmp_path / name
    path.write_bytes(start + "\n".join((header, *rows, "")).encode())
    return path


def row(n: int = 1, amount: str = "150000", payer: str = "") -> str:
    return ROW.format(n=n, amount=amount) + payer


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_csv_with_any_delimiter_and_mark(
    tmp_path: Path, columns: Columns, delimiter: str, start: bytes
) -> None:
    path = write(tmp_path, row().replace(",", delimiter), header=HEADER.replace(",", delimiter), start=start)
    assert check(path, columns).rejected == 0
    (event,) = good_events(path, columns)
    assert event["amount"] == 150_000
    assert event["occurred_at"] == 1_795_395_660_000


@pytest.mark.parametrize(
    "start", [b"\xef\xbb", b"\xbb\xbf", b"\xef\xbb\xbe", b"\xef\xbf\xbd", "ï»¿".encode()]
)
def test_a_damaged_byte_order_mark(tmp_path: Path, columns: Columns, start: bytes) -> None:
    with pytest.raises(FileError, match=r"byte 0: .*BOM\) rusak.*ef bb bf"):
        check(write(tmp_path, row(), start=start), columns)


def test_another_encoding(tmp_path: Path, columns: Columns) -> None:
    path = tmp_path / "kas.csv"
    path.write_bytes((HEADER + "\n" + row()).encode("utf-16"))
    with pytest.raises(FileError, match="UTF-16"):
        check(path, columns)


def test_a_byte_that_is_no_utf8_has_its_position(tmp_path: Path, columns: Columns) -> None:
    path = write(tmp_path, row(), row(2))
    data = path.read_bytes()
    place = data.rindex(b"receipt")
    path.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    with pytest.raises(FileError, match=rf"byte {place}: 0xff bukan UTF-8"):
        check(path, columns)


def test_an_indonesian_number_that_was_not_declared(tmp_path: Path, columns: Columns) -> None:
    path = write(tmp_path, row(), row(2, '"1.500.000,00"'))
    result = check(path, columns)
    assert (result.rows, result.rejected) == (2, 1)
    assert str(result.problems[0]) == (
        "berkas kas.csv baris 3 kolom amount: '1.500.000,00' bukan bilangan bulat rupiah; "
        "nyatakan --number-format id bila berkas memakai format Indonesia"
    )
    refused = (tmp_path / "kas.csv.ditolak.csv").read_text(encoding="utf-8-sig").splitlines()
    assert refused[0].startswith("keterangan,baris,event_id")
    assert "1.500.000,00" in refused[1]
    columns.number_format = "id"
    assert check(path, columns).rejected == 0
    assert [e["amount"] for e in good_events(path, columns)] == [150_000, 1_500_000]
    assert not (tmp_path / "kas.csv.ditolak.csv").exists()


@given(st.integers(min_value=0, max_value=10**13))
def test_every_indonesian_number_reads_back(amount: int) -> None:
    from producers.values import convert

    written = f"{amount:,}".replace(",", ".") + ",00"
    zone = ZoneInfo("Asia/Jakarta")
    field: dict[str, Any] = {"name": "amount", "type": "long"}
    assert convert(field, written, column="amount", zone=zone, number_format="id") == amount


def test_a_missing_column_names_the_nearest(tmp_path: Path, columns: Columns) -> None:
    path = write(tmp_path, row(), header=HEADER.replace("amount", "ammount"))
    with pytest.raises(FileError) as error:
        check(path, columns)
    assert "kolom amount tidak ada; apakah maksudnya 'ammount'?" in str(error.value)
    assert "kolom yang ada: event_id, source" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"   \n"])
def test_an_empty_file(tmp_path: Path, columns: Columns, content: bytes) -> None:
    path = tmp_path / "kas.csv"
    path.write_bytes(content)
    with pytest.raises(FileError, match="kosong"):
        check(path, columns)


def test_naive_times_take_the_zone_and_offsets_are_kept(tmp_path: Path, columns: Columns) -> None:
    given_times = ["2026-11-23T08:00:00", "2026-11-23T10:00:00+09:00", "1795395600000", "23/11/2026 08.00"]
    lines = [row(n).replace(f"2026-11-23T08:0{n}:00+07:00", at) for n, at in enumerate(given_times, 1)]
    path = write(tmp_path, *lines)
    assert check(path, columns).rejected == 0
    assert {e["occurred_at"] for e in good_events(path, columns)} == {1_795_395_600_000}


def test_a_person_number_becomes_a_token(tmp_path: Path, columns: Columns) -> None:
    path = write(tmp_path, row(payer="9901010101900001"), row(2, payer="9901010101900001"))
    first, second = good_events(path, columns)
    assert len(first["payer_token"]) == 26
    assert first["payer_token"] == second["payer_token"]
    assert "9901010101900001" not in json.dumps(first)


def test_a_person_number_in_free_text_is_refused_and_not_repeated(tmp_path: Path, columns: Columns) -> None:
    path = write(tmp_path, row() + ",9901010101900001", header=HEADER + ",void_reason")
    result = check(path, columns)
    assert "NIK" in str(result.problems[0])
    assert "9901010101900001" not in str(result.problems[0])


def test_a_person_number_in_the_wrong_column_is_not_repeated(tmp_path: Path, columns: Columns) -> None:
    shifted = row().replace("2026-11-23T08:01:00+07:00", "9901010101900001") + ",9901010101900001"
    result = check(write(tmp_path, shifted), columns)
    assert {problem.value for problem in result.problems} == {"(NIK, nomor KK, atau NPWP)"}


def test_negative_amounts_and_rows_too_long_are_refused(tmp_path: Path, columns: Columns) -> None:
    result = check(write(tmp_path, row(1, "-5"), row(2) + ",extra"), columns)
    assert result.rejected == 2
    assert "tidak boleh negatif" in str(result.problems[0])


def test_jsonl_and_avro_give_the_same_events(tmp_path: Path, columns: Columns) -> None:
    csv_events = list(good_events(write(tmp_path, row(), row(2)), columns))
    lines = tmp_path / "kas.jsonl"
    lines.write_text("\n".join(json.dumps(e) for e in csv_events), encoding="utf-8")
    container = tmp_path / "kas.avro"
    schema = fastavro.parse_schema(json.loads(current("revenue.receipts")))
    with container.open("wb") as stream:
        fastavro.writer(stream, schema, csv_events)
    assert list(good_events(lines, columns)) == csv_events
    assert check(container, columns).rejected == 0
    assert [e["event_id"] for e in good_events(container, columns)] == [e["event_id"] for e in csv_events]


def test_a_truncated_avro_file_says_where(tmp_path: Path, columns: Columns) -> None:
    container = tmp_path / "kas.avro"
    schema = fastavro.parse_schema(json.loads(current("revenue.receipts")))
    event = next(good_events(write(tmp_path, row()), columns))
    with container.open("wb") as stream:
        fastavro.writer(stream, schema, [event] * 50)
    container.write_bytes(container.read_bytes()[:-40])
    with pytest.raises(FileError, match="rusak setelah rekaman"):
        check(container, columns)


def test_a_broken_json_line(tmp_path: Path) -> None:
    path = tmp_path / "kas.jsonl"
    path.write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    with pytest.raises(FileError, match="baris 2: bukan JSON"):
        list(read_rows(path)[1])


def test_an_id_is_made_from_the_content(tmp_path: Path, columns: Columns) -> None:
    header = HEADER.removeprefix("event_id,")
    line = row().partition(",")[2]
    path = write(tmp_path, line, line, line.replace("150000", "150001"), header=header)
    ids = [e["event_id"] for e in good_events(path, columns)]
    assert ids[0] == ids[1] != ids[2]


def test_a_correction_gives_a_reason_and_may_name_any_id(tmp_path: Path, columns: Columns) -> None:
    header = f"{HEADER},corrects,correction_reason"
    path = write(tmp_path, row() + ",STS-7,", row(2) + ",STS-7,salah jumlah", header=header)
    found = check(path, columns)
    assert (found.rows, found.rejected) == (2, 1)
    assert found.problems[0].column == "correction_reason"
    assert "wajib diisi pada pembetulan" in str(found.problems[0])
    (event,) = good_events(path, columns)
    named = {"event_id": "STS-7", "source": event["source"]}
    assert event["corrects"] == event_id(named)


MEASURE = """
import re, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from producers.files import Columns, read_rows
from producers.tokens import Tokens
folder = Path(sys.argv[1])
columns = Columns("revenue", ZoneInfo("Asia/Jakarta"), Tokens.open(folder / "tokens.key"))
header, rows = read_rows(folder / "besar.csv")
columns.check(header, "besar.csv")
from producers.files import convert_row
count = bad = 0
for row in rows:
    count += 1
    if count % 40 == 0:
        bad += bool(convert_row(row, columns, "besar.csv")[1])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())  # its own: ru_maxrss has the parent's too
print(count, bad, int(peak[1]) // 1024)
"""


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    line = (row(payer="x" * 26) + "\n").encode()
    with (tmp_path / "besar.csv").open("wb") as stream:
        stream.write((HEADER + "\n").encode())
        for _ in range(200_000_000 // (len(line) * 10_000)):
            stream.write(line * 10_000)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True, cwd=root
    )
    rows, bad, megabytes = map(int, done.stdout.split())
    assert rows > 1_000_000
    assert bad == 0
    assert megabytes < 500


def test_numbers_may_come_under_plain_names(tmp_path: Path, columns: Columns) -> None:
    number = "6201015708909999"
    header = HEADER + ",payer,void_reason"
    path = tmp_path / "kas.csv"
    path.write_text(f"{header}\n{row()},{number},\n{row(2)},,salah {number}\n")
    result = check(path, columns)
    assert [str(problem) for problem in result.problems] == [
        "berkas kas.csv baris 3 kolom void_reason: '(NIK, nomor KK, atau NPWP)' memuat NIK, nomor KK, atau NPWP; "
        "nomor orang hanya boleh di kolom yang disediakan untuknya"
    ]
    (event,) = good_events(path, columns)
    assert event["payer_token"] == columns.tokens.token("person", number)
