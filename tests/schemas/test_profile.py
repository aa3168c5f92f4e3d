"""Shipped profiles, and what is said of a broken one: file, line and cure."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from schemas.profile import Profile, ProfileError, check

PROFILES = Path(__file__).parents[2] / "infra" / "profiles"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROFILES / "contoh", tmp_path / "contoh"))


def edit(path: Path, old: str, new: str) -> int:
    """Replace once; returns the line it stands on."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_contoh_is_whole() -> None:
    assert check(PROFILES / "contoh") == []
    profile = Profile.load(PROFILES / "contoh")
    assert (profile.code, profile.simulation_allowed, profile.timezone.key) == ("99.01", True, "Asia/Jakarta")
    assert len(profile.villages) == 120
    assert len({v.district for v in profile.villages.values()}) == 8
    assert len({v.name for v in profile.villages.values()}) == 120
    assert len(profile.permit_types) == 8
    assert profile.logo is not None
    for kind in profile.permit_types.values():
        assert profile.service_standard(kind.code, date(2026, 1, 5)) is not None
        for step in kind.steps:
            assert profile.units[step.unit].opd in profile.departments
            assert profile.service_standard(kind.code, date(2026, 1, 5), step.code) is not None
        assert kind.pairs_on(date(2026, 1, 5))
        deemed, standard = (
            kind.deemed_on(date(2026, 1, 5)),
            profile.service_standard(kind.code, date(2026, 1, 5)),
        )
        assert deemed is None or (standard is not None and deemed > standard)
    assert {row.permit_type for row in profile.tariffs} == {"PBG"}
    assert not profile.authorities
    assert {s.domain for s in profile.sources.values()} == {
        "permits",
        "revenue",
        "budget",
        "population",
        "activities",
    }
    assert profile.lateness_ms("/opd/2.18.01/perizinan") == 3_000
    assert profile.lateness_ms("/opd/unknown") == 900_000
    assert {t.year for t in profile.revenue_targets} == {2024, 2025, 2026, 2027}
    assert profile.target(2025) == sum(t.amount for t in profile.revenue_targets if t.year == 2025)
    assert all(office.opd in profile.departments for office in profile.cash_offices.values())


def test_the_frame_of_a_real_government_forbids_simulation() -> None:
    profile = Profile.load(PROFILES / "kotawaringin-barat")
    assert (profile.code, profile.simulation_allowed) == ("62.01", False)
    assert not profile.villages
    assert "5.02.02" in profile.departments


def test_standards_and_thresholds_have_dates() -> None:
    profile = Profile.load(PROFILES / "contoh")
    assert profile.service_standard("SIP-DOKTER", date(2025, 6, 4)) == 7
    assert profile.service_standard("SIP-DOKTER", date(2025, 6, 5)) == 5
    assert profile.service_standard("SIP-DOKTER", date(2018, 12, 31)) is None
    assert profile.service_standard("TIDAK-ADA", date(2026, 1, 1)) is None
    assert profile.threshold("P01.severe", date(2026, 1, 1), 9.0) == 1.5
    assert profile.threshold("P05.k", date(2026, 1, 1), 9.0) == 9.0


def test_a_unit_may_have_its_own_hours() -> None:
    profile = Profile.load(PROFILES / "contoh")
    saturday = profile.calendar.day_start("2026-11-21")
    assert profile.calendar_for("DPMPTSP-MPP").minutes(saturday, saturday + 86_400_000) == 240
    assert profile.calendar_for("PUPR-CK") is profile.calendar
    assert profile.calendar.minutes(saturday, saturday + 86_400_000) == 0


def test_the_hash_is_of_the_content(copy: Path) -> None:
    before = Profile.load(copy).hash
    edit(copy / "profile.toml", "# Kabupaten Contoh", "# Lain\n\n# Kabupaten Contoh")
    lines = (copy / "villages.csv").read_text().splitlines()
    (copy / "villages.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert Profile.load(copy).hash == before
    edit(copy / "permit_types.toml", "working_days = 28", "working_days = 27")
    assert Profile.load(copy).hash != before


BROKEN = [
    ("profile.toml", 'code = "99.01"', 'code = "9901"', "salah bentuk"),
    ("profile.toml", 'timezone = "Asia/Jakarta"', 'timezone = "Asia/Contoh"', "zona waktu"),
    ("profile.toml", "simulation_allowed = true", 'simulation_allowed = "ya"', "bukan true atau false"),
    ("profile.toml", "retention_years = 10", "retention_yers = 10", "tidak dikenal"),
    ("profile.toml", 'logo = "logo.svg"', 'logo = "../logo.svg"', "bukan nama berkas"),
    ("profile.toml", 'logo = "logo.svg"', 'logo = "lambang.svg"', "tidak ada di folder"),
    ("profile.toml", 'province = "Provinsi Contoh"', "province = Provinsi Contoh", "TOML tidak terbaca"),
    ("departments.csv", "2.18.01,", "2-18-01,", "salah bentuk"),
    ("departments.csv", "2.11.01,", "1.03.01,", "sudah ada di baris"),
    ("units.csv", "Bidang Cipta Karya,PUPR Cipta Karya,1.03.01", "Bidang Cipta Karya,PUPR Cipta Karya,1.99.01", "OPD tidak dikenal"),
    ("units.csv", "Bidang Cipta Karya,", "Bidang Cipta, Karya,", "5 kolom"),
    ("units.csv", "Bidang Cipta Karya,", '"Bidang Cipta" Karya,', "CSV rusak"),
    ("villages.csv", "99.01.03.2004,", "99.01.03.204,", "salah bentuk"),
    ("villages.csv", "99.01.03.2004,", "98.01.03.2004,", "bukan bagian dari"),
    ("villages.csv", "Contoh Hilir,kelurahan", "Contoh Hilir,kampung", "tidak dikenal"),
    ("permit_types.toml", 'unit = "PUPR-CK"', 'unit = "PUPR-XX"', "unit tidak dikenal"),
    ("permit_types.toml", "working_days = 28", 'working_days = "dua"', "bukan angka"),
    ("permit_types.toml", "working_days = 28", "working_days = -1", "di luar batas"),
    ("permit_types.toml", "valid_to = 2025-06-04", "valid_to = 2018-06-04", "sebelum valid_from"),
    ("permit_types.toml", 'step = "TEKNIS"', 'step = "TEKNIK"', "langkah tidak dikenal"),
    ("revenue_targets.csv", "2024,4.1.01.09.01.0001", "2024,4.1.01.09.01.9999", "rekening tidak dikenal"),
    ("sources.csv", ",permits,", ",izin,", "tidak dikenal"),
    ("cash_offices.csv", ",treasurer", ",kasir", "tidak dikenal"),
    ("elections.csv", "2024-02-14", "2024-02-30", "bukan tanggal"),
    ("elections.csv", "2024-02-14", "14/02/2024", "bukan tanggal"),
    ("shared_addresses.csv", "pesantrencontoh", "Pesantren ", "salah bentuk"),
    ("shared_addresses.csv", ",pesantren,", ",rumah,", "tidak dikenal"),
    ("shared_addresses.csv", "2021-12-31", "2019-12-31", "sebelum valid_from"),
    ("shared_addresses.csv", "2022-01-01", "2021-01-01", "bertumpang tindih"),
    ("value_bands.csv", "0,0.75", "-1,0.75", "di luar batas"),
    ("value_bands.csv", "10000000,1.0", "0,1.0", "bertumpang tindih"),
    ("joins.csv", "employee-payee,2022", "employee,2022", "tidak dikenal"),
    ("joins.csv", "2023-12-31", "2024-01-01", "bertumpang tindih"),
    ("employee_accounts.csv", "rekeningpegawai", "Rekening ", "salah bentuk"),
    ("duty_pairs.csv", "treasurer,PA,", "bendahara,PA,", "tidak dikenal"),
    ("duty_pairs.csv", "treasurer,PA,", "PA,PA,", "dirinya"),
    ("duty_pairs.csv", "treasurer,KPA,", "PA,treasurer,", "bertumpang tindih"),
    ("lodging_ceilings.csv", ",700000,", ",tujuh,", "bukan"),
    ("tapping_boxes.csv", "KAS-BAPENDA,", "KAS-LAIN,", "tidak dikenal"),
    ("tapping_boxes.csv", "TB-0001", "TB 0001", "salah bentuk"),
    ("thresholds.toml", "value = 0.8", "nilai = 0.8", "tidak dikenal"),
    ("thresholds.toml", 'name = "P01.breach"', 'name = "P01.warning"', "bertumpang tindih"),
    ("calendar.toml", 'friday = ["07:30-11:30", "13:00-16:30"]', 'friday = ["07:30-11:30", "11:00-16:30"]', "tidak mungkin"),
    ("calendar.toml", 'friday = ["07:30-11:30", "13:00-16:30"]', 'friday = ["07:30-25:30"]', "tidak mungkin"),
    ("calendar.toml", "last = 2026-03-20", "last = 2026-04-20", "bukan 28 sampai 30 hari"),
    ("calendar.toml", 'unit = "DPMPTSP-MPP"', 'unit = "MPP"', "unit tidak dikenal"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "rows", "said"),
    [
        ("signatures.csv", "5.02.01,budget,2026-01-01,,a\n*,*,2026-01-01,,a", ""),
        ("signatures.csv", "9.99.99,budget,2026-01-01,,a", "OPD tidak dikenal"),
        ("signatures.csv", "5.02.01,pajak,2026-01-01,,a", "tidak dikenal"),
        ("signatures.csv", "*,budget,2026-01-01,,a\n*,budget,2027-01-01,,a", "bertumpang tindih"),
        ("identity_roles.csv", "inspektur,inspectorate,2026-01-01,2026-12-31,a", ""),
        ("identity_roles.csv", "inspektur,bupati,2026-01-01,,a", "tidak dikenal"),
        ("identity_roles.csv", "Nama Orang,custodian,2026-01-01,,a", "salah bentuk"),
        (
            "identity_roles.csv",
            "a,custodian,2026-01-01,,a\na,inspectorate,2026-05-01,,a",
            "bertumpang tindih",
        ),
    ],
)
def test_who_signs_and_who_reveals(copy: Path, file: str, rows: str, said: str) -> None:
    first = "opd,domain" if file == "signatures.csv" else "who,role"
    (copy / file).write_text(f"{first},valid_from,valid_to,legal_basis\n{rows}\n")
    problems = check(copy)
    assert [said in str(problem) for problem in problems] == ([True] if said else [])
    if not said:
        profile, day = Profile.load(copy), date(2026, 6, 1)
        if file == "signatures.csv":
            assert profile.domains_to_sign("5.02.01", day) == {"budget", "*"}
            assert profile.domains_to_sign("2.18.01", day) == {"*"}
            assert profile.domains_to_sign("2.18.01", date(2025, 12, 31)) == frozenset()
        else:
            assert profile.identity_role("inspektur", day) == "inspectorate"
            assert profile.identity_role("inspektur", date(2027, 1, 1)) is None
            assert profile.identity_role("lain", day) is None


def test_hours_too_uneven_to_count_are_refused(copy: Path) -> None:
    edit(copy / "calendar.toml", 'monday = ["08:00-15:00"]', 'monday = ["08:00-15:13"]')
    edit(copy / "calendar.toml", 'tuesday = ["08:00-15:00"]', 'tuesday = ["08:00-15:19"]')
    (problem,) = check(copy)
    assert "tidak dapat dihitung tepat" in problem.message
    assert "setengah jam" in problem.cure


@pytest.mark.parametrize(("file", "old", "new", "message"), BROKEN)
def test_a_fault_is_named_with_file_line_and_cure(
    copy: Path, file: str, old: str, new: str, message: str
) -> None:
    line = edit(copy / file, old, new)
    problems = [p for p in check(copy) if message in p.message]
    assert problems, check(copy)
    assert problems[0].file == file
    assert problems[0].cure
    if "tumpang" not in message and "bukan 28" not in message:
        assert problems[0].line == line
    with pytest.raises(ProfileError, match=message) as raised:
        Profile.load(copy)
    assert problems[0] in raised.value.problems


def test_an_overlap_points_at_both_lines(copy: Path) -> None:
    edit(copy / "permit_types.toml", "valid_to = 2025-06-04", "valid_to = 2025-06-05")
    (problem,) = check(copy)
    text = (copy / "permit_types.toml").read_text().splitlines()
    assert text[problem.line - 1] == "valid_from = 2025-06-05"
    assert "LINGKUNGAN" in problem.message
    assert "baris" in problem.message


def test_encodings_and_empty_files(copy: Path) -> None:
    villages = copy / "villages.csv"
    whole = villages.read_bytes()
    for damaged, message in (
        (b"\xef\xbb\xbf" + whole, "BOM"),
        (b"\xff\xfe" + whole.decode().encode("utf-16-le"), "UTF-16"),
        (whole.replace(b"Telaga Cerita", b"Telaga \xc9rita", 1), "UTF-8"),
        (whole.replace(b",", b";"), "titik koma"),
        (b"", "kosong"),
        (whole.replace(b"kind", b"jenis", 1), "tidak dikenal"),
        (whole.replace(b"\n99", b"\n\x0099", 1), "bait nol"),
    ):
        villages.write_bytes(damaged)
        problems = check(copy)
        assert any(message in p.message and p.file == "villages.csv" and p.line for p in problems), (
            message,
            problems,
        )


def test_missing_and_misspelt_files(copy: Path, tmp_path: Path) -> None:
    (copy / "departments.csv").rename(copy / "departements.csv")
    problems = check(copy)
    assert any(p.file == "departments.csv" and "tidak ada" in p.message for p in problems)
    assert any(p.file == "departements.csv" and "tidak dikenal" in p.message for p in problems)
    assert "tidak ada" in check(tmp_path / "nowhere")[0].message
    assert check(copy / "profile.toml")[0].cure


def test_a_list_that_cannot_be_read_is_no_fault_of_the_lists_that_refer_to_it(copy: Path) -> None:
    edit(copy / "permit_types.toml", "working_days = 28", "working_days = dua")
    (problem,) = check(copy)
    assert problem.file == "permit_types.toml"


def test_every_fault_is_said_at_once(copy: Path) -> None:
    edit(copy / "units.csv", "PUPR-TR,", "PUPR TR,")
    edit(copy / "elections.csv", "2024-11-27", "27-11-2024")
    (copy / "thresholds.toml").write_text("[[threshold]\n")
    assert {p.file for p in check(copy)} >= {
        "units.csv",
        "elections.csv",
        "thresholds.toml",
        "permit_types.toml",
    }
