"""Dated step templates, deemed approvals, pairs, tariffs, authorities and thresholds: values, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from schemas.profile import PERMIT_KINDS, Profile, Step, check
from schemas.registry import current

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
TYPES = """
[[type]]
code = "General"
name = "Izin dengan langkah berkode log"

[[type.step]]
code = "Confirmation of receipt"
name = "Tanda terima"
automatic = true

[[type.step]]
code = "T02 Check confirmation of receipt"
name = "Pemeriksaan tanda terima"
unit = "DPMPTSP-LOKET"
after = ["Confirmation of receipt"]
loop = true
minimum_minutes = 2.5
valid_to = 2024-12-31

[[type.step]]
code = "T02 Check confirmation of receipt"
name = "Pemeriksaan tanda terima, cara baru"
unit = "DPMPTSP-VERIF"
mandatory = false
valid_from = 2025-01-01

[[type.step]]
code = "T03"
name = "Penerbitan"
after = ["T02 Check confirmation of receipt", "Confirmation of receipt"]

[[type.deemed]]
working_days = 10
valid_from = 2020-01-01
valid_to = 2024-12-31
legal_basis = "Dasar lama"

[[type.deemed]]
working_days = 5.5
valid_from = 2025-01-01
legal_basis = "Dasar baru"

[[type.incompatible]]
first = "T02 Check confirmation of receipt"
second = "kind:issued"
valid_from = 2025-01-01
legal_basis = "Empat mata"
"""
TARIFFS = """permit_type,amount,valid_from,valid_to,legal_basis
General,150000,2024-01-01,2024-12-31,Perda lama
General,,2025-01-01,,Perda baru
"""
OFFICER = "abcdefghijklmnopqrstuvwx23"
AUTHORITIES = f"""officer_token,permit_type,valid_from,valid_to,delegation_id,legal_basis
{OFFICER},General,2024-01-01,2024-06-30,,SK 1
{OFFICER},*,2024-01-01,,D-7,SK 2
"""
THRESHOLDS = "".join(
    f'\n[[threshold]]\nname = "P04.tolerance_minutes"\nvalue = {value}\nvalid_from = 2020-01-01\n'
    f'legal_basis = "uji"\n{scope}'
    for value, scope in (
        (1, ""),
        (2, 'source = "/opd/2.18.01/perizinan"\n'),
        (3, 'permit_type = "General"\n'),
        (4, 'permit_type = "General"\nsource = "/opd/2.18.01/perizinan"\n'),
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The profile contoh without its fees, with one type whose template has everything."""
    copy = Path(shutil.copytree(CONTOH, tmp_path / "contoh"))
    for name, text in (("permit_types.toml", TYPES), ("thresholds.toml", THRESHOLDS)):
        (copy / name).write_text((copy / name).read_text(encoding="utf-8") + text, encoding="utf-8")
    (copy / "tariffs.csv").write_text(TARIFFS, encoding="utf-8")
    (copy / "authorities.csv").write_text(AUTHORITIES, encoding="utf-8")
    return copy


def test_a_template_is_that_of_a_day(folder: Path) -> None:
    kind = Profile.load(folder).permit_types["General"]
    old, new = kind.steps_on(date(2024, 12, 31)), kind.steps_on(date(2025, 1, 1))
    assert [step.unit for step in old] == ["", "DPMPTSP-LOKET", ""]
    assert [step.unit for step in new] == ["", "DPMPTSP-VERIF", ""]
    assert old[0] == Step("Confirmation of receipt", "Tanda terima", "", automatic=True)
    assert (old[1].after, old[1].loop, old[1].minimum_minutes) == (("Confirmation of receipt",), True, 2.5)
    assert old[1].mandatory
    assert not new[1].mandatory
    assert len(kind.steps) == 4
    assert [kind.deemed_on(date(year, 1, 1)) for year in (2019, 2024, 2025)] == [None, 10, 5.5]
    assert kind.pairs_on(date(2024, 12, 31)) == ()
    (pair,) = kind.pairs_on(date(2025, 1, 1))
    assert (pair.first, pair.second) == ("T02 Check confirmation of receipt", "kind:issued")


def test_fees_and_authorities_are_dated(folder: Path) -> None:
    profile = Profile.load(folder)
    old, new = (profile.tariff("General", date(year, 6, 1)) for year in (2024, 2025))
    assert old is not None
    assert new is not None
    assert (old.amount, new.amount) == (150_000, None)
    assert profile.tariff("General", date(2023, 6, 1)) is None
    assert profile.tariff("KLINIK", date(2025, 6, 1)) is None
    assert [row.delegation_id for row in profile.authorities_for("General")] == ["D-7", ""]
    assert [row.permit_type for row in profile.authorities_for("KLINIK")] == ["*"]
    assert [row.holds(date(2025, 1, 1)) for row in profile.authorities_for("General")] == [True, False]


def test_the_nearest_threshold_goes_first(folder: Path) -> None:
    profile, day = Profile.load(folder), date(2025, 1, 1)
    source = "/opd/2.18.01/perizinan"

    def value(permit_type: str = "", of: str = "") -> float:
        return profile.threshold("P04.tolerance_minutes", day, 9.0, permit_type, of)

    assert [value(), value("", source), value("General"), value("General", source)] == [1, 2, 3, 4]
    assert [value("KLINIK"), value("KLINIK", source), value("", "/lain")] == [1, 2, 1]
    assert profile.threshold("P04.tolerance_minutes", date(2019, 1, 1), 9.0, "General") == 9.0


def test_the_patience_with_a_silent_source(folder: Path) -> None:
    with (folder / "sources.csv").open("a", encoding="utf-8") as rows:
        rows.write(
            "/a,2.18.01,A,permits,5,,,\n"
            "/b,2.18.01,B,permits,60,,always,\n"
            "/c,2.18.01,C,permits,60,,office,90\n"
        )
    sources = Profile.load(folder).sources
    assert [(sources[of].hours, sources[of].allowance_minutes) for of in ("/a", "/b", "/c")] == [
        ("office", 240),
        ("always", 720),
        ("office", 90),
    ]


def test_the_kinds_are_those_of_the_contract() -> None:
    document = json.loads(current("permits.steps"))["doc"]
    assert document.endswith(".")
    listed = re.sub(r"\([^)]*\)", "", document.partition("kind:")[2].rstrip("."))
    assert [kind.strip() for kind in listed.split(",")] == list(PERMIT_KINDS)


BROKEN = [
    ("permit_types.toml", "valid_to = 2024-12-31", "valid_to = 2025-06-30", "langkah T02 Check confirmation of receipt bertumpang tindih", False),
    ("permit_types.toml", "valid_from = 2020-01-01\nvalid_to = 2024-12-31", "valid_from = 2020-01-01", "fiktif positif General bertumpang tindih", False),
    ("permit_types.toml", "valid_to = 2024-12-31", "valid_to = 2024-02-30", "TOML tidak terbaca", True),
    ("permit_types.toml", "valid_to = 2024-12-31", 'valid_to = "31-12-2024"', "bukan tanggal", True),
    ("permit_types.toml", "working_days = 5.5", "working_days = 0", "di luar batas", True),
    ("permit_types.toml", 'legal_basis = "Empat mata"', "", "'legal_basis' belum diisi", False),
    ("permit_types.toml", "minimum_minutes = 2.5", "minimum_minutes = -1", "di luar batas", True),
    ("permit_types.toml", "loop = true", 'loop = "ya"', "bukan true atau false", True),
    ("permit_types.toml", 'code = "T03"', 'code = "T03 (baru)"', "salah bentuk", True),
    ("permit_types.toml", 'code = "General"', f'code = "{"G" * 81}"', "salah bentuk", True),
    ("permit_types.toml", 'after = ["Confirmation of receipt"]', 'after = ["Confirmation of receit"]', "langkah tidak dikenal", True),
    ("permit_types.toml", 'after = ["Confirmation of receipt"]', 'after = "Confirmation of receipt"', "bukan daftar", True),
    ("permit_types.toml", 'after = ["Confirmation of receipt"]', 'after = ["T02 Check confirmation of receipt"]', "dirinya sendiri", True),
    ("permit_types.toml", 'after = ["Confirmation of receipt"]', 'after = ["Confirmation of receipt", "Confirmation of receipt"]', "dua kali", True),
    ("permit_types.toml", 'after = ["Confirmation of receipt"]', 'after = ["T03"]', "T02 Check confirmation of receipt → T03 → T02", True),
    ("permit_types.toml", 'second = "kind:issued"', 'second = "T02 Check confirmation of receipt"', "dengan dirinya sendiri", True),
    ("permit_types.toml", 'second = "kind:issued"', 'second = "T09"', "pasangan mustahil", True),
    ("permit_types.toml", 'second = "kind:issued"', 'second = "kind:terbit"', "jenis kejadian 'terbit' tidak dikenal", True),
    ("tariffs.csv", "General,,2025", "Genral,,2025", "jenis izin tidak dikenal", True),
    ("tariffs.csv", "2024-12-31", "2025-01-01", "tarif General bertumpang tindih", False),
    ("tariffs.csv", "150000", "150.000", "bukan bilangan bulat", True),
    ("tariffs.csv", "150000", "-1", "di luar batas", True),
    ("authorities.csv", OFFICER, "198001012005011001", "salah bentuk", True),
    ("authorities.csv", "*,2024-01-01,,D-7", "General,2024-03-01,,", "bertumpang tindih", False),
    ("authorities.csv", "2024-06-30", "2023-06-30", "sebelum valid_from", True),
    ("authorities.csv", "*,2024", "Genral,2024", "jenis izin tidak dikenal", True),
    ("thresholds.toml", 'permit_type = "General"', 'permit_type = "Genral"', "jenis izin tidak dikenal", True),
    ("thresholds.toml", 'source = "/opd/2.18.01/perizinan"', 'source = "/opd/2.18.01/izin"', "sumber tidak dikenal", True),
    ("thresholds.toml", 'permit_type = "General"', "", "P04.tolerance_minutes bertumpang tindih", False),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message", "own_line"), BROKEN)
def test_a_fault_is_named_with_file_line_and_cure(
    folder: Path, file: str, old: str, new: str, message: str, own_line: bool
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    at = text.index(old, text.index('code = "General"') if file == "permit_types.toml" else 0)
    (folder / file).write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    problems = [p for p in check(folder) if message in p.message]
    assert problems, check(folder)
    assert problems[0].file == file
    assert problems[0].cure
    if own_line:
        assert problems[0].line == text[:at].count("\n") + 1


def test_a_circle_is_one_only_on_the_days_it_holds(folder: Path) -> None:
    path = folder / "permit_types.toml"
    text = path.read_text(encoding="utf-8")
    head, general = text[: text.index(TYPES)], TYPES
    general = general.replace(
        "automatic = true", 'after = ["T02 Check confirmation of receipt"]\nvalid_from = 2025-01-01'
    )
    path.write_text(head + general, encoding="utf-8")
    assert check(folder) == []  # the receipt follows the check from 2025 on, the check the receipt until 2024
    longer = general.replace("2024-12-31", "2025-06-30", 1)
    kept, _, rest = longer.rpartition('valid_from = 2025-01-01\n\n[[type.step]]\ncode = "T03"')
    path.write_text(
        f'{head}{kept}valid_from = 2025-07-01\n\n[[type.step]]\ncode = "T03"{rest}', encoding="utf-8"
    )
    (problem,) = check(folder)
    assert "berputar" in problem.message
