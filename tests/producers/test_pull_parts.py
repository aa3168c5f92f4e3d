"""Parts of `nadi pull` that are functions of values: anomalies, watermarks, the source file, ids, the report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.mapping import MappingError
from producers.pull import marks
from producers.pull.anomalies import Horizon, Kind, Known, judged
from producers.pull.config import PullError, Source
from producers.pull.events import Maker, key_of, plain_value
from producers.pull.report import bring_up_to_date, report_path
from producers.pull.state import State

HORIZON = Horizon(1000, 1000, 50, 100)
ROW = Known(b"a", 950, b"", b"", False)
MAPPING = """domain = "permits"
source = "/opd/x/y"
timezone = "Asia/Jakarta"
[columns]
case_id = "nomor"
occurred_at = "tanggal"
[constants]
kind = "submitted"
permit_type = "PBG"
"""
GOOD = {
    "table": '"izin"',
    "key": '"id"',
    "watermark": '"diubah"',
    "mapping": '"m.toml"',
    "database": '"SIMPEL"',
}


@pytest.mark.parametrize(
    ("known", "hash_", "mark", "key", "kind"),
    [
        (None, b"a", 1001, 51, None),
        (None, b"a", 1000, 51, None),
        (None, b"a", 999, 51, Kind.LATE),
        (None, b"a", None, 51, None),
        (None, b"a", None, 50, Kind.LATE),
        (None, b"a", 899, 50, Kind.LATE),
        (None, b"a", 899, 51, Kind.CLOCK),
        (None, b"a", 899, "x", Kind.LATE),
        (ROW, b"a", 950, 1, None),
        (ROW, b"a", 1100, 1, None),
        (ROW, b"b", 1100, 1, None),
        (ROW, b"b", 950, 1, Kind.SILENT),
        (ROW, b"b", 960, 1, Kind.LATE),
        (ROW, b"b", 940, 1, Kind.CLOCK),
        (ROW, b"a", 940, 1, Kind.CLOCK),
        (ROW._replace(gone=True), b"a", 950, 1, Kind.REAPPEARED),
    ],
)
def test_what_a_row_shows(
    known: Known | None, hash_: bytes, mark: int | None, key: int | str, kind: Kind | None
) -> None:
    assert judged(known, hash_, mark, key, HORIZON) is kind


def test_after_a_clock_was_set_back_only_the_newest_rows_go_by_it() -> None:
    followed = HORIZON._replace(highest=5000)
    assert judged(None, b"a", 1001, 51, followed) is None
    assert judged(None, b"a", 1001, 49, followed) is Kind.LATE


def test_nothing_is_late_in_the_first_reading() -> None:
    assert judged(None, b"a", 1, 99, Horizon(None, None, None, 0)) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_a_time_keeps_its_order_and_its_form(at: datetime) -> None:
    for value in (at, at.replace(tzinfo=UTC), at.isoformat(" ", "seconds"), at.isoformat(), at.date()):
        number = marks.number_of(value)
        assert number is not None
        again = marks.value_of(number, marks.form_of(value))
        assert type(again) is type(value)
        assert again <= value
        assert marks.number_of(again) in (number, number - number % marks.SECOND)


def test_numbers_are_watermarks_and_words_are_not() -> None:
    assert marks.number_of(Decimal(12)) == 12
    assert marks.number_of(None) is None
    assert marks.value_of(7, marks.form_of(9)) == 7
    assert marks.value_of(0, marks.form_of("2026-01-01T07:00:00+07:00")) == "1970-01-01T07:00:00"
    for wrong in ("kemarin", b"x", True):
        with pytest.raises(PullError, match="pilih kolom lain"):
            marks.number_of(wrong)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("5.00"), 5),
        (Decimal("5.5"), 5.5),
        (b"\x01", 1),
        (b"abc", "abc"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_what_drivers_give(value: Any, plain: Any) -> None:
    assert plain_value(value) == plain
    assert type(plain_value(value)) is type(plain)


def source(folder: Path, text: str = MAPPING, **changes: str) -> Source:
    (folder / "m.toml").write_text(text)
    lines = {name: value for name, value in {**GOOD, **changes}.items() if value}
    (folder / "s.toml").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    return Source(folder / "s.toml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"table": ""}, "table atau query"),
        ({"table": '"x; DROP"'}, "bukan nama tabel"),
        ({"table": "", "query": '"DELETE FROM izin"'}, "satu SELECT"),
        ({"table": "", "query": '"SELECT 1; DELETE FROM izin"'}, "titik koma"),
        ({"database": '"mysql://a:rahasia@h/x"'}, "sandi tidak ditulis di sini"),
        ({"overlapp": "1"}, "overlapp"),
        ({"mapping": '"lain.toml"'}, "tidak ada di"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(PullError, match=said) as caught:
        source(tmp_path, **changes)
    assert "rahasia" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('timezone = "Asia/Jakarta"', "", "timezone"),
        ("[constants]", '[case]\nclosing = "x"\n[constants]', "case"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        source(tmp_path, MAPPING.replace(old, new))


def test_an_address_comes_from_the_env_or_a_file(tmp_path: Path) -> None:
    assert source(tmp_path).address({"SIMPEL": "sqlite:///x"}) == "sqlite:///x"
    with pytest.raises(PullError, match="SIMPEL belum diisi"):
        source(tmp_path).address({})
    (tmp_path / "alamat").write_text("sqlite:///y\n")
    assert source(tmp_path, database="", database_file='"alamat"').address() == "sqlite:///y"


def test_ids_are_of_source_key_content_and_what_was_before(tmp_path: Path) -> None:
    maker = Maker(source(tmp_path), b"k")
    row = {"nomor": "IZIN-1", "tanggal": "2026-11-01 08:00:00"}
    first = maker.event(1, row, None, {})
    assert first == maker.event(1, row, None, {})
    others = [
        maker.event(2, row, None, {}),
        maker.event(1, {**row, "tanggal": "2026-11-01 08:00:01"}, None, {}),
        maker.event(1, row, first.id.bytes, {}),
        Maker(source(tmp_path), b"l").event(1, row, None, {}),
        Maker(source(tmp_path, MAPPING.replace("x/y", "x/z")), b"k").event(1, row, None, {}),
    ]
    assert len({first.id, *(made.id for made in others)}) == 6
    assert key_of(Decimal(7)) == 7


def test_the_report_has_each_anomaly_once_also_after_a_cut(tmp_path: Path) -> None:
    state = State(tmp_path / "s.db")
    for key in ("=1+1", "3201011708900001", 3):
        state.report(Kind.LATE, key, 1, 2)
    bring_up_to_date(state)
    path = report_path(state)
    whole = path.read_text()
    assert len(whole.splitlines()) == 4
    assert "'=1+1" in whole
    assert "3201011708900001" not in whole
    path.write_text(whole[:-10])
    bring_up_to_date(state)
    bring_up_to_date(state)
    assert path.read_text() == whole
    state.close()
