"""Reports read and compared, without a stack: what is a line, what is refused, what agrees."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.reconciliation.compare import Comparison, compare, period
from infra.reconciliation.official_file import Official, read_official
from infra.reconciliation.ours import Amounts
from infra.reconciliation.outcomes import LOG, OutcomeError, Outcomes, shown
from infra.settings import resolve_profile
from producers.files import FileError
from producers.mapping import MappingError, load_mapping
from producers.official import REPORTS
from schemas.profile import Profile

SINCE, UNTIL = date(2026, 1, 1), date(2026, 9, 30)
LRA = """Kode Rekening;Uraian;Anggaran;Realisasi;%
4;PENDAPATAN;900;800;88
5;BELANJA;1.500.000,00;900.000,00;60
5.1;BELANJA OPERASI;1.500.000;900.000;60
5.1.01.01;Gaji;1.000.000;600.000;60
5.1.02.01 Barang;;500.000;300.000;60
5.1.05;Hibah;-;-;0
;JUMLAH BELANJA;1.500.000;900.000;60
;Sampit, 30 September 2026;;;
"""


@pytest.fixture(scope="module")
def profile() -> Profile:
    return Profile.load(resolve_profile("contoh"))


def read(tmp_path: Path, profile: Profile, text: str, domain: str = "budget", **options: object) -> Official:
    path = tmp_path / "lra.csv"
    path.write_text(text, "utf-8")
    return read_official(path, domain, profile, **options)  # type: ignore[arg-type]


def budget(
    realised: dict[str, int], ceiling: dict[str, int] | None = None, day: str = "2026-03-01"
) -> Amounts:
    return {
        "realised": {(account,): {day: amount} for account, amount in realised.items()},
        "ceiling": {(account,): {day: amount} for account, amount in (ceiling or {}).items()},
    }


def statuses(comparison: Comparison, measure: str = "realised") -> dict[str, str]:
    return {line.key[0]: line.status for line in comparison.lines if line.measure == measure}


REALISED = {"5.1.01.01.01.0001": 600_000, "5.1.02.01.01.0024": 100_000, "5.1.02.01.01.0026": 200_000}
CEILING = {"5.1.01.01.01.0001": 1_000_000, "5.1.02.01.01.0024": 500_000}


def test_a_report_as_people_make_it_agrees_to_the_rupiah(tmp_path: Path, profile: Profile) -> None:
    official = read(tmp_path, profile, LRA)
    assert official.columns == {"account": "Kode Rekening", "realised": "Realisasi", "ceiling": "Anggaran"}
    assert [line.row for line in official.lines] == [3, 4, 5, 6, 7]
    assert official.skipped == {"akun yang tidak berawalan 5 atau 6": [2], "baris jumlah tanpa kode": [8]}
    found = compare(official, budget(REALISED, CEILING), SINCE, UNTIL)
    assert found.agrees
    assert found.totals["realised"].ours == found.totals["realised"].theirs == 900_000
    assert found.totals["ceiling"].theirs == 1_500_000


def test_one_rupiah_and_what_only_one_side_has_stand_first(tmp_path: Path, profile: Profile) -> None:
    official = read(tmp_path, profile, LRA)
    ours = {"5.1.01.01.01.0001": 600_001, "5.1.02.02.01.0001": 50}
    found = compare(official, budget(ours, CEILING), SINCE, UNTIL)
    assert statuses(found) == {
        "5": "differs", "5.1": "differs", "5.1.02.01": "only_theirs", "5.1.02.02.01.0001": "only_ours",
        "5.1.01.01": "differs", "5.1.05": "agrees",
    }  # fmt: skip
    assert [line.status == "agrees" for line in found.lines] == sorted(
        line.status == "agrees" for line in found.lines
    )
    total = found.totals["realised"]
    assert (total.ours, total.theirs, total.difference, total.apart) == (600_051, 900_000, -299_949, 300_051)
    assert found.totals["ceiling"].apart == 0


def test_only_days_up_to_the_report_count(tmp_path: Path, profile: Profile) -> None:
    official = read(tmp_path, profile, "Kode;Realisasi\n5.1;900000\n")
    ours = budget(REALISED)
    for key, day in ((("5.1.02",), "2026-10-01"), (("5.2",), "2025-12-31")):
        ours["realised"][key] = {day: 7}
    assert compare(official, ours, SINCE, UNTIL).agrees
    assert not compare(official, ours, SINCE, date(2026, 10, 1)).agrees
    assert period(official, None, UNTIL) == (SINCE, UNTIL)
    with pytest.raises(ValueError, match="nyatakan --as-of"):
        period(official, None, None)


def test_departments_by_code_or_name_and_subtotals_of_them(tmp_path: Path, profile: Profile) -> None:
    text = "OPD,Kode Rekening,Realisasi\n1.02.01,,30\nDinas Kesehatan,5.1.01,10\ndinkes,5.1.02,20\n1.01.01,5.1.01,5\n"
    official = read(tmp_path, profile, text)
    assert official.keys == ("account", "opd")
    ours: Amounts = {
        "realised": {
            ("5.1.01.01", "1.02.01"): {"2026-02-01": 10},
            ("5.1.02.01", "1.02.01"): {"2026-02-01": 20},
            ("5.1.01.01", "1.01.01"): {"2026-02-01": 5},
        },
        "ceiling": {},
    }
    assert compare(official, ours, SINCE, UNTIL).agrees
    one = read(tmp_path, profile, text, opd="1.01.01")
    assert [line.row for line in one.lines] == [5]
    assert one.skipped == {"OPD lain": [2, 3, 4]}


def test_deposits_by_number_amount_and_day(tmp_path: Path, profile: Profile) -> None:
    text = (
        "Tanggal;Keterangan;No. Referensi;Debit;Kredit\n"
        "01/09/2026;setoran;STS-1;;1.000.000\n"
        "02/09/2026;setoran;STS-2;;2.000.000\n02/09/2026;setoran;STS-2;;500\n"
        "03/09/2026;gaji;;750.000;0\n04/09/2026;transfer pusat;;;9.000\n"
    )
    official = read(tmp_path, profile, text, "revenue")
    assert official.name == "revenue.deposits"
    assert official.skipped == {"tanpa setoran": [5]}
    assert period(official, None, None) == (date(2026, 9, 1), date(2026, 9, 4))
    ours: Amounts = {
        "amount": {
            ("STS-1",): {"2026-08-31": 1_000_000, "2025-09-01": 3},
            ("STS-2",): {"2026-09-02": 2_000_500},
            ("STS-3",): {"2026-09-04": 4},
            ("STS-4",): {"2026-08-31": 5},
        }
    }
    found = compare(official, ours, *period(official, None, None))
    assert statuses(found, "amount") == {
        "STS-1": "other_day", "STS-2": "agrees", "STS-3": "only_ours", "(tanpa nomor, baris 6)": "only_theirs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("5.1.01;1.000,50", r"berkas lra.csv baris 2 kolom Realisasi: '1.000,50' punya sen"),
        ("5.1.01;1,000,000", r"baris 2 kolom Realisasi: '1,000,000' bukan bilangan bulat"),
        ("Gaji;1.000", r"baris 2 kolom Kode Rekening: 'Gaji' bukan kode; tulis kode bertitik"),
        (";1.000", r"baris 2 kolom Kode Rekening: '' kosong; isi kodenya, atau hapus baris ini"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named_and_nothing_is_compared(
    tmp_path: Path, profile: Profile, row: str, said: str
) -> None:
    good = "".join(f"5.2.0{n};{n}.000\n" for n in range(1, 10)) * 3
    with pytest.raises(FileError, match=said) as raised:
        read(tmp_path, profile, f"Kode Rekening;Realisasi\n{row}\n{good}")
    assert "Tidak ada yang dicocokkan" in str(raised.value)


def test_an_unknown_department_and_a_file_without_keys_are_refused(tmp_path: Path, profile: Profile) -> None:
    with pytest.raises(FileError, match=r"baris 2 kolom SKPD: '9\.99' bukan kode OPD"):
        read(tmp_path, profile, "SKPD;Realisasi\n9.99;1\n")
    with pytest.raises(MappingError, match="tidak ada kolom kunci"):
        read(tmp_path, profile, "Uraian;Realisasi\nBelanja;1\n", opd="1.02.01")
    with pytest.raises(FileError, match="tidak ada baris yang dapat dicocokkan"):
        read(tmp_path, profile, "Kode Rekening;Realisasi\n4.1;1\n")


def test_a_mapping_of_ones_own(tmp_path: Path, profile: Profile) -> None:
    shipped = load_mapping(Path(__file__).parents[2] / "examples" / "lra.toml")
    assert set(shipped.columns) == set(REPORTS[shipped.domain].fields)
    mapping = tmp_path / "peta.toml"
    mapping.write_text(
        'domain = "budget.lra"\nsource = "/lra"\n[columns]\naccount = "A"\nrealised = "B"\n[constants]\nopd = "1.02.01"\n'
    )
    official = read(tmp_path, profile, "A,B\n5.1,7\n", mapping=mapping)
    assert (official.opd, official.keys, official.lines[0].key) == (
        "1.02.01",
        ("account", "opd"),
        ("5.1", "1.02.01"),
    )
    with pytest.raises(
        MappingError, match=r"untuk pencocokan revenue tulis revenue.lra atau revenue.deposits"
    ):
        read(tmp_path, profile, "A,B\n4.1,7\n", "revenue", mapping=mapping)
    mapping.write_text('domain = "revenue"\nsource = "/lra"\n[columns]\nreceived = "B"\n')
    with pytest.raises(MappingError, match=r"columns\.received is no field of revenue"):
        read(tmp_path, profile, "A,B\n4.1,7\n", "revenue", mapping=mapping)


def test_outcomes_are_kept_and_only_whole_ones_are_shown(tmp_path: Path, profile: Profile) -> None:
    outcomes = Outcomes(tmp_path)
    assert shown(outcomes)() == []
    ours = budget(REALISED, CEILING)
    whole = read(tmp_path, profile, LRA)
    outcomes.add(compare(whole, ours, SINCE, UNTIL), ours)
    one = read(tmp_path, profile, "Kode;Realisasi\n5.1;1\n", opd="1.02.01")
    outcomes.add(compare(one, {"realised": {}, "ceiling": {}}, SINCE, UNTIL), {"realised": {}, "ceiling": {}})
    kept = Outcomes(tmp_path).entries()
    assert [(o.agrees, o.opd, o.differences) for o in kept] == [
        (True, "", {"realised": 0, "ceiling": 0}),
        (False, "1.02.01", {"realised": 1}),
    ]
    assert kept[0].sha256 == whole.sha256
    reader = shown(Outcomes(tmp_path))
    (known,) = reader()
    assert (known.report, known.as_of, known.differences) == ("LRA", "2026-09-30", {"": 0, "pagu": 0})
    assert known.figures == {"budget.realised": 900_000, "budget.ceiling": 1_500_000}
    with (tmp_path / LOG).open("a") as log:
        log.write('{"report": "lain"}\n')
    with pytest.raises(OutcomeError, match="baris 3"):
        Outcomes(tmp_path).entries()
    assert reader() == [known]
