"""A mapping proposed: the right columns by name in two languages and by value, or the candidates and a stop."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from producers.log_files import LogFile, read_log
from producers.mapping import Mapping, load_mapping
from producers.proposal import ProposalError, propose

ROOT = Path(__file__).parents[2]
WABO = ROOT.parent / "shared" / "data" / "permits_wabo_receipt.csv"
STEPS = ("Pendaftaran", "Verifikasi berkas", "Survei lapangan", "Pertimbangan teknis", "Penandatanganan")


def log(**renamed: str) -> pl.DataFrame:
    """A log of 60 cases, sorted by case, with columns A to H (or as renamed)."""
    draw = random.Random(7)  # noqa: S311
    rows = []
    for case in range(60):
        day = draw.randrange(1, 200)
        for step in STEPS[: draw.choice((4, 5))]:
            day += draw.randrange(0, 5)
            rows.append(
                {
                    "A": f"503/{case:03d}/DPMPTSP",
                    "B": f"{day % 28 + 1:02d}/{day // 28 + 1:02d}/2025 09.{len(rows) % 60:02d}",
                    "C": step,
                    "D": draw.choice(("Ani", "Budi", "Cici")),
                    "E": ("PBG", "SIP")[case % 2],
                    "F": "Bidang A" if step in STEPS[:2] else "Bidang B",
                    "G": f"{case % 28 + 1:02d}/12/2025",
                    "H": f"{case % 28 + 1:02d}/11/2025" if case % 3 else "",
                }
            )
    return pl.DataFrame(rows).rename(renamed)


def proposed(frame: pl.DataFrame, tmp_path: Path, domain: str = "permits") -> Mapping:
    """The proposal as the file that the audit reads back."""
    path = tmp_path / "mapping.toml"
    path.write_text(propose(domain, [LogFile(Path("izin 2025.csv"), frame)]).toml, "utf-8")
    return load_mapping(path)


INDONESIAN = {
    "A": "No. Permohonan", "B": "Tgl Proses", "C": "Tahapan", "D": "Nama Petugas", "E": "Jenis Izin",
    "F": "Unit Kerja", "G": "Batas Waktu", "H": "Tanggal Terbit",
}  # fmt: skip
ENGLISH = {
    "A": "CaseID", "B": "Timestamp", "C": "Activity", "D": "Resource", "E": "permit_type", "F": "Team",
    "G": "Due Date", "H": "Closed",
}  # fmt: skip
XES = {
    "A": "case:concept:name", "B": "time:timestamp", "C": "concept:name", "D": "org:resource", "E": "case:permit type",
    "F": "org:group", "G": "case:deadline", "H": "case:enddate",
}  # fmt: skip


@pytest.mark.parametrize("names", [INDONESIAN, ENGLISH, XES], ids=["Indonesian", "English", "XES"])
def test_usual_names(names: dict[str, str], tmp_path: Path) -> None:
    mapping = proposed(log(**names), tmp_path)
    assert mapping.columns == {
        "case_id": names["A"],
        "occurred_at": names["B"],
        "step": names["C"],
        "officer_token": names["D"],
        "permit_type": names["E"],
        "unit": names["F"],
        "due_at": names["G"],
    }
    assert mapping.case is not None
    assert mapping.case.closing == names["H"]
    assert mapping.constants == {"kind": "finished"}
    assert mapping.source == "/telaah/izin-2025"


def test_the_real_log_gets_the_mapping_that_a_person_wrote(tmp_path: Path) -> None:
    if not WABO.is_file():
        pytest.skip("the permit log is not beside the project")
    written = load_mapping(ROOT / "examples" / "wabo-receipt.toml")
    found = proposed(read_log(WABO).frame, tmp_path)
    assert found.columns == written.columns
    assert found.case == written.case
    assert found.constants == written.constants


def test_names_that_say_nothing(tmp_path: Path) -> None:
    mapping = proposed(log().select("A", "B", "C", "E"), tmp_path)
    assert mapping.columns == {"case_id": "A", "occurred_at": "B", "step": "C"}


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (log().drop("G", "H"), r"kolom tahap \(step\).*calon: 'C' \(5 nilai\), 'D' \(3 nilai\), 'F'"),
        (log(), r"kolom waktu \(occurred_at\).*calon: 'B' \(264 nilai\), 'G'"),
        (
            log(A="nomor permohonan", C="tahap").drop("B", "G", "H"),
            r"kolom waktu \(occurred_at\).*calon: 'nomor",
        ),
        (
            log(B="waktu", C="tahap").with_columns(A=pl.lit("x")),
            r"kolom perkara \(case_id\) tidak dapat ditentukan",
        ),
        (log().head(0), "tidak ada baris data"),
    ],
    ids=["step", "times", "no time", "case", "nothing"],
)
def test_what_cannot_be_told_names_the_candidates(frame: pl.DataFrame, said: str) -> None:
    with pytest.raises(ProposalError, match=rf"berkas x\.csv: {said}"):
        propose("permits", [LogFile(Path("x.csv"), frame)])


def test_start_and_complete_become_started_and_finished(tmp_path: Path) -> None:
    both = log(**XES).with_columns(
        pl.Series("lifecycle:transition", ["START", "COMPLETE", "SUSPEND"] * 91)[: log().height]
    )
    mapping = proposed(both, tmp_path)
    assert mapping.columns["kind"] == "lifecycle:transition"
    assert mapping.values == {"kind": {"START": "started", "COMPLETE": "finished"}}


def test_an_instance_shared_by_start_and_complete_is_no_event_id(tmp_path: Path) -> None:
    shared = log(**XES).with_row_index("concept:instance").with_columns(pl.col("concept:instance") // 2)
    assert "event_id" not in proposed(shared.cast({"concept:instance": pl.String}), tmp_path).columns


def test_an_id_stays_one_when_the_log_was_sent_twice(tmp_path: Path) -> None:
    once = log(**XES).with_row_index("concept:instance").cast({"concept:instance": pl.String})
    assert proposed(pl.concat([once, once]), tmp_path).columns["event_id"] == "concept:instance"


def test_steps_that_close_a_case(tmp_path: Path) -> None:
    frame = (
        log(**INDONESIAN)
        .drop("Tanggal Terbit")
        .with_columns(pl.col("Tahapan").replace(STEPS[3], "Izin Terbit"))
    )
    mapping = proposed(frame, tmp_path)
    assert mapping.columns["kind"] == "Tahapan"
    assert mapping.values["kind"]["Izin Terbit"] == "issued"
    assert mapping.values["kind"]["Pendaftaran"] == "finished"


def test_a_planned_end_is_no_closing(tmp_path: Path) -> None:
    frame = log(**XES).rename({"case:enddate": "case:enddate_planned"})
    mapping = proposed(frame, tmp_path)
    assert mapping.columns["due_at"] == "case:deadline"
    assert mapping.case is None


def test_names_cannot_break_out_of_the_file(tmp_path: Path) -> None:
    evil = 'x"]\n[case]\nclosing = "y\x01'
    mapping = proposed(log(**{**INDONESIAN, "E": evil}), tmp_path)
    assert mapping.case is not None
    assert mapping.case.closing == "Tanggal Terbit"
    assert "permit_type" not in mapping.columns


def test_another_domain(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "Tanggal Setor": ["01/02/2025", "02/02/2025"],
            "Loket": ["BPD", "PSR"],
            "Kode Rekening": ["4.1.01.15", "4.1.02.01"],
            "Jumlah": ["1.500.000", "250.000,00"],
        }
    )
    mapping = proposed(frame, tmp_path, "revenue")
    assert mapping.columns["amount"] == "Jumlah"
    assert (mapping.number_format, mapping.constants) == ("id", {"kind": "receipt"})
    with pytest.raises(ProposalError, match="kolom untuk amount tidak dapat ditentukan"):
        propose("revenue", [LogFile(Path("x.csv"), frame.drop("Jumlah"))])


def test_several_files_share_their_columns(tmp_path: Path) -> None:
    first, second = log(**XES), log(**XES).drop("org:group")
    found = propose("permits", [LogFile(Path("a.xes"), first), LogFile(Path("b.xes"), second)])
    assert "unit" not in found.columns


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_a_csv_with_any_delimiter(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "izin.csv"
    log(**INDONESIAN).write_csv(path, separator=mark)
    assert propose("permits", [read_log(path)]).columns["case_id"] == "No. Permohonan"
