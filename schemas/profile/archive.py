"""A profile as one ZIP file, so that governments can share it. Nothing in a received file is trusted."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from pathlib import Path

from schemas.profile.load import FILES, LOGO_SUFFIXES, check, load
from schemas.profile.problems import Problem, ProfileError

README = "README.md"
MAX_FILES = 64
MAX_BYTES = 50_000_000
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def export_profile(path: Path, target: Path) -> list[str]:
    """Write a profile to ``target`` and return the names in it; equal profiles give equal bytes.

    Raises :class:`ProfileError` for a profile with problems, FileExistsError where ``target`` exists.
    """
    profile = load(path)
    names = [name for name in (*FILES, README) if (path / name).is_file()]
    if profile.logo is not None:
        names.append(profile.logo.name)
    with zipfile.ZipFile(target, "x") as archive:
        for name in sorted(names):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (path / name).read_bytes())
    return sorted(names)


def import_profile(source: Path, target: Path) -> None:
    """Unpack a profile into the new folder ``target``; nothing is left behind when it is refused.

    Raises :class:`ProfileError` (file by file: strange names, links, too large, and every problem of the profile
    itself), FileExistsError where ``target`` exists.
    """
    if target.exists():
        raise FileExistsError(f"{target} sudah ada; pilih folder baru")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".nadi-import-") as temporary:
        folder = Path(temporary) / "profile"
        folder.mkdir()
        problems = _unpack(source, folder)
        problems = problems or check(folder)
        if problems:
            raise ProfileError(source, problems)
        shutil.move(folder, target)


def _unpack(source: Path, folder: Path) -> list[Problem]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            problems = _refused(entries)
            left = MAX_BYTES
            for entry in () if problems else entries:
                with archive.open(entry) as stream:
                    data = stream.read(left + 1)  # the size an entry claims is not to be believed
                left -= len(data)
                if left < 0:
                    return [
                        Problem(entry.filename, 0, "isi arsip lebih dari 50 MB", "minta arsip yang benar")
                    ]
                (folder / entry.filename).write_bytes(data)
            return problems
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        return [Problem(source.name, 0, f"bukan arsip ZIP yang utuh ({error})", "unduh ulang berkasnya")]


def _refused(entries: list[zipfile.ZipInfo]) -> list[Problem]:
    if len(entries) > MAX_FILES:
        return [
            Problem("", 0, f"{len(entries)} berkas dalam arsip", f"profil paling banyak {MAX_FILES} berkas")
        ]
    problems: list[Problem] = []
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        allowed = name in (*FILES, README) or Path(name).suffix.lower() in LOGO_SUFFIXES
        flat = Path(name).name == name and "\\" not in name and not name.startswith(".")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not flat or not allowed:
            problems.append(Problem(name, 0, "nama ini tidak termasuk profil", "hapus dari arsip"))
        elif kind not in (0, stat.S_IFREG):
            problems.append(Problem(name, 0, "bukan berkas biasa", "hapus tautan dari arsip"))
        elif name in seen:
            problems.append(Problem(name, 0, "ada dua kali dalam arsip", "hapus salah satunya"))
        seen.add(name)
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        problems.append(Problem("", 0, "isi arsip lebih dari 50 MB", "minta arsip yang benar"))
    return problems
