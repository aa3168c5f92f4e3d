"""Beginning a profile, and passing one on as a ZIP file: functions and commands."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import profile as command
from schemas.profile import Profile, ProfileError, check
from schemas.profile.archive import export_profile, import_profile
from schemas.profile.draft import read_villages

CONTOH = Path(__file__).parents[2] / "infra" / "profiles" / "contoh"
SQL = """INSERT INTO wilayah (kode, nama) VALUES
('97','Provinsi Rekaan'),('97.05','Kabupaten Rekaan'),
('97.05.01','Sungai Misal'),('97.05.01.1001','Kota Misal'),('97.05.01.2002','Batu Ka''bah'),
('97.05.02','Bukit Misal'),('97.05.02.2001','Ujung'),('97.06','Lain'),('97.06.01','L'),('97.06.01.2001','M');
"""


@pytest.fixture
def app() -> typer.Typer:
    root = typer.Typer()
    command.register(root)
    return root


def test_a_profile_survives_the_way_through_a_zip_file(tmp_path: Path) -> None:
    names = export_profile(CONTOH, tmp_path / "a.zip")
    export_profile(CONTOH, tmp_path / "b.zip")
    assert "logo.svg" in names
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    import_profile(tmp_path / "a.zip", tmp_path / "new" / "contoh")
    assert Profile.load(tmp_path / "new" / "contoh").hash == Profile.load(CONTOH).hash
    with pytest.raises(FileExistsError):
        import_profile(tmp_path / "a.zip", tmp_path / "new" / "contoh")
    with pytest.raises(FileExistsError):
        export_profile(CONTOH, tmp_path / "a.zip")


@pytest.mark.parametrize(
    "name", ["../jahat.toml", "/etc/jahat.csv", "a/profile.toml", "jahat.sh", "..\\x.svg", ".x.svg"]
)
def test_strange_names_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(ProfileError, match="tidak termasuk profil"):
        import_profile(tmp_path / "x.zip", tmp_path / "target")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.zip"]


def test_links_bombs_and_damaged_archives_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("logo.svg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("villages.csv", b"\0" * 60_000_000)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 rusak")
    for name, message in (("link", "bukan berkas biasa"), ("bomb", "50 MB"), ("broken", "ZIP")):
        with pytest.raises(ProfileError, match=message):
            import_profile(tmp_path / f"{name}.zip", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_villages_come_from_the_national_list(tmp_path: Path) -> None:
    (tmp_path / "wilayah.sql").write_text(SQL)
    found = read_villages(tmp_path / "wilayah.sql", "97.05")
    assert [(v.code, v.name, v.district, v.kind) for v in found] == [
        ("97.05.01.1001", "Kota Misal", "Sungai Misal", "kelurahan"),
        ("97.05.01.2002", "Batu Ka'bah", "Sungai Misal", "desa"),
        ("97.05.02.2001", "Ujung", "Bukit Misal", "desa"),
    ]
    with pytest.raises(ValueError, match=r"tidak ada desa dengan kode 97\.09"):
        read_villages(tmp_path / "wilayah.sql", "97.09")
    (tmp_path / "list.csv").write_text("kode,nama\n97.05.01,Sungai Misal\n97.05.01.2001,Hulu\n")
    assert read_villages(tmp_path / "list.csv", "97.05")[0].district == "Sungai Misal"
    assert len(read_villages(CONTOH / "villages.csv", "99.01")) == 120


def test_init_writes_a_profile_that_passes_its_check(tmp_path: Path, app: typer.Typer) -> None:
    (tmp_path / "wilayah.sql").write_text(SQL)
    folder = tmp_path / "rekaan"
    options = [
        "--name",
        'Kabupaten "Rekaan"',
        "--code",
        "97.05",
        "--province",
        "Provinsi Rekaan",
        "--timezone",
        "WITA",
    ]
    arguments = ["profile", "init", str(folder), *options, "--villages", str(tmp_path / "wilayah.sql")]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["villages"] == 3
    assert check(folder) == []
    profile = Profile.load(folder)
    assert (profile.name, profile.timezone.key) == ('Kabupaten "Rekaan"', "Asia/Makassar")
    assert not profile.simulation_allowed
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 1
    assert "tidak kosong" in again.output


def test_init_without_a_terminal_asks_for_the_options(tmp_path: Path, app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["profile", "init", str(tmp_path / "x")])
    assert done.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_check_and_show(tmp_path: Path, app: typer.Typer) -> None:
    run = CliRunner()
    assert run.invoke(app, ["profile", "check", "contoh"]).exit_code == 0
    shown = json.loads(run.invoke(app, ["profile", "show", "contoh", "--json"]).stdout)
    assert (shown["villages"], shown["code"]) == (120, "99.01")
    (tmp_path / "profile.toml").write_text('name = "X"\ncode = "x"\n')
    done = run.invoke(app, ["profile", "check", str(tmp_path), "--json"])
    assert done.exit_code == 1
    problems = json.loads(done.stdout)["problems"]
    assert {k: problems[-1][k] for k in ("file", "line")} == {"file": "profile.toml", "line": 2} or any(
        p["file"] == "profile.toml" and p["line"] == 2 for p in problems
    )
    assert run.invoke(app, ["profile", "check", str(tmp_path / "nowhere")]).exit_code == 1


def test_export_and_import_commands(tmp_path: Path, app: typer.Typer) -> None:
    run = CliRunner()
    archive = tmp_path / "contoh.zip"
    assert run.invoke(app, ["profile", "export", "contoh", str(archive)]).exit_code == 0
    assert run.invoke(app, ["profile", "import", str(archive), str(tmp_path / "copy")]).exit_code == 0
    assert run.invoke(app, ["profile", "import", str(archive), str(tmp_path / "copy")]).exit_code == 1
    assert check(tmp_path / "copy") == []
